/** The options of one call: the usual ones, and more. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { PRIORITIES, type TaskType } from "../../jobs/wire.ts";
import { Labelled, valueOf } from "../components/field.ts";
import type { Values } from "../schema.ts";
import { useTopic } from "../state/topics.ts";

interface OptionsProps {
  type: TaskType;
  values: Values;
  errors: Values;
  onValue(key: string, value: string): void;
}

export function Options({ type, values, errors, onValue }: OptionsProps) {
  const queues = useTopic("queues");
  const field = (key: string, label: string, input: ComponentChildren, description?: string) =>
    html`
      <${Labelled} key=${key} id=${key} label=${label} error=${errors[key]}
        description=${description}>${input}<//>
    `;
  const shared = (key: string) => ({
    id: key,
    value: values[key] ?? "",
    "aria-invalid": errors[key] ? "true" : undefined,
    "aria-describedby": `${key}-description ${key}-error`,
    onInput: (event: Event) => onValue(key, valueOf(event)),
  });
  const number = (key: string, label: string, placeholder: string, step = "any") =>
    field(
      key,
      label,
      html`
        <input ...${shared(key)} type="number" min="0" step=${step} placeholder=${placeholder} />
      `,
    );
  const text = (key: string, label: string, description: string) =>
    field(key, label, html`<input ...${shared(key)} autocomplete="off" />`, description);
  return html`
    <div class="fields">
      ${field(
        "queue",
        "Queue",
        html`
          <input ...${shared("queue")} list="queues" placeholder=${type.queue} />
          <datalist id="queues">
            ${queues?.map(({ name }) => html`<option key=${name} value=${name}></option>`)}
          </datalist>
        `,
      )}
      ${field(
        "priority",
        "Priority",
        html`
          <select ...${shared("priority")}>
            <option value="">${type.priority}</option>
            ${PRIORITIES.filter((name) => name !== type.priority).map((name) =>
              html`<option key=${name} value=${name}>${name}</option>`
            )}
          </select>
        `,
      )}
      ${number("countdown", "Start in (seconds)", "0")}
      ${number("max_retries", "Retries at most", `${type.max_retries}`, "1")}
    </div>
    <details open=${MORE.some((key) => values[key] || errors[key])}>
      <summary>More options</summary>
      <div class="fields">
        ${field("eta", "Not before", html`<input ...${shared("eta")} type="datetime-local" />`)}
        ${number("expires", "Expires after (seconds)", "never")}
        ${number("time_limit", "Time limit (seconds)", limit(type.time_limit))}
        ${number("soft_time_limit", "Soft time limit (seconds)", limit(type.soft_time_limit))}
        ${text(
          "unique",
          "Unique until",
          "start, end, or so many seconds: a second call with the " +
            "same arguments gets this task.",
        )}
        ${text("unique_key", "Unique key", "What counts for that instead of the arguments.")}
        ${text("concurrency_key", "Concurrency key", "Tasks with the same key take turns.")}
        ${number("concurrency_limit", "Of that key at once", "1", "1")}
        ${number("times", "How many tasks", "1", "1")}
      </div>
    </details>
  `;
}

const MORE = [
  "eta",
  "expires",
  "time_limit",
  "soft_time_limit",
  "unique",
  "unique_key",
  "concurrency_key",
  "concurrency_limit",
  "times",
];

/** What a task's limit says where the call does not. */
function limit(seconds: number | null): string {
  return seconds === null ? "as the worker says" : seconds === 0 ? "none" : `${seconds}`;
}
