/** Starting a task: choose it, fill in its arguments, send it off. */

import { type Signal, useComputed, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { PRIORITIES, type TaskType } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import type { NewTask } from "../api/tasks.ts";
import { Button } from "../components/button.ts";
import { Card } from "../components/page.ts";
import { FieldInput, Labelled, valueOf } from "../components/field.ts";
import { argsFrom, type Form, formsOf, initialValues, pathOf, type Values } from "../schema.ts";
import { go, href } from "../route.ts";
import { taskTypes } from "../state/listing.ts";
import { startAndWatch } from "../state/task_actions.ts";
import { useTopic } from "../state/topics.ts";

/** The form of the task that the address names, or of the first one. */
export function StartForm({ name }: { name: string | null }) {
  const types = taskTypes.value;
  const type = types?.find((each) => each.name === name) ?? types?.[0];
  return html`
    <${Card} class="start">
      ${type && types
        ? html`
          <${Labelled} label="Task" id="task" description=${type.description}>
            <select
              id="task"
              aria-describedby="task-description"
              value=${type.name}
              onChange=${(event: Event) => go(href("start", valueOf(event)))}
            >
              ${types.map(({ name }) => html`<option value=${name}>${name}</option>`)}
            </select>
            <//>
            <${Arguments} key=${type.name} type=${type} />
        `
        : html`<p class="muted">${types ? "No task is defined yet." : "Loading…"}</p>`}
    <//>
  `;
}

/** The way of the start: nothing, under way, or refused with messages by path. */
interface Sending {
  busy: boolean;
  errors: Values;
  /** What is wrong with no field in particular. */
  refusal: string;
}

function Arguments({ type }: { type: TaskType }) {
  const forms = useComputed(() => formsOf(type.schema)).value;
  const variant = useSignal(0);
  const values = useSignal<Values>(Object.assign({}, ...forms.map(initialValues)));
  const options = useSignal<Values>({});
  const sending = useSignal<Sending>({ busy: false, errors: {}, refusal: "" });
  const form = forms[variant.value] ?? { label: "", shape: "tuple", fields: [] };
  const { busy, errors, refusal } = sending.value;

  const submit = async (event: Event) => {
    event.preventDefault();
    const { args, errors } = argsFrom(form, values.value);
    if (Object.keys(errors).length > 0) {
      sending.value = { busy: false, errors, refusal: "" };
      return;
    }
    sending.value = { busy: true, errors: {}, refusal: "" };
    try {
      const id = await startAndWatch({ name: type.name, args, ...chosenOptions(options.value) });
      go(href("task", id));
    } catch (error) {
      sending.value = refused(error, form);
    }
  };

  return html`
    <form noValidate onSubmit=${submit}>
      ${forms.length > 1 && html`<${Variants} forms=${forms} variant=${variant} />`}
      ${form.fields.map((field) =>
        html`
          <${FieldInput}
            key=${pathOf(form, field)}
            field=${field}
            error=${errors[pathOf(form, field)]}
            value=${values.value[field.key] ?? ""}
            onValue=${(value: string) => values.value = { ...values.value, [field.key]: value }}
          />
        `
      )}
      <${Options} type=${type} values=${options} errors=${errors} />
      <p class="refusal" role="alert">${refusal}</p>
      <div class="start-foot">
        <${Button} type="submit" kind="primary" icon="play" needs="operator" busy=${busy}>
          ${busy ? "Starting…" : `Start ${type.name}`}
        <//>
      </div>
    </form>
  `;
}

function Variants({ forms, variant }: { forms: Form[]; variant: Signal<number> }) {
  return html`
    <fieldset class="variants">
      <legend>Arguments</legend>
      ${forms.map((form, index) =>
        html`
          <label>
            <input
              type="radio"
              name="variant"
              checked=${variant.value === index}
              onChange=${() => variant.value = index}
            />
            ${form.label || `Way ${index + 1}`}
          </label>
        `
      )}
    </fieldset>
  `;
}

interface OptionsProps {
  type: TaskType;
  values: Signal<Values>;
  errors: Values;
}

/** Queue, priority and delay of this one call. */
function Options({ type, values, errors }: OptionsProps) {
  const set = (key: string) => (event: Event) =>
    values.value = { ...values.value, [key]: valueOf(event) };
  const { queue = "", priority = "", countdown = "" } = values.value;
  return html`
    <details>
      <summary>Queue, priority, delay</summary>
      <div class="options">
        <${Labelled} label="Queue" id="queue" error=${errors["queue"]}>
          <input
            id="queue"
            list="queues"
            placeholder=${type.queue}
            aria-invalid=${Boolean(errors["queue"])}
            value=${queue}
            onInput=${set("queue")}
          />
          <datalist id="queues">
            ${useTopic("queues")?.map(({ name }) => html`<option value=${name}></option>`)}
          </datalist>
          <//>
          <${Labelled} label="Priority" id="priority" error=${errors["priority"]}>
            <select id="priority" value=${priority} onChange=${set("priority")}>
            <option value="">As the task says</option>
            ${PRIORITIES.map((name) => html`<option value=${name}>${name}</option>`)}
          </select>
            <//>
            <${Labelled} label="Start in (seconds)" id="countdown" error=${errors["countdown"]}>
              <input
                id="countdown"
                type="number"
                min="0"
                step="any"
                placeholder="0"
                aria-invalid=${Boolean(errors["countdown"])}
                value=${countdown}
                onInput=${set("countdown")}
              />
              <//>
              </div>
              </details>
  `;
}

function chosenOptions({ queue, priority, countdown }: Values): Omit<NewTask, "name" | "args"> {
  const word = PRIORITIES.find((name) => name === priority);
  return {
    ...(queue && { queue }),
    ...(word && { priority: word }),
    ...(countdown && { countdown: Number(countdown) }),
  };
}

/** Puts each message at its field, and those without a field together. */
function refused(error: unknown, form: Form): Sending {
  const issues = error instanceof ApiError ? error.issues : [];
  const paths = [
    ...form.fields.map((field) => pathOf(form, field)),
    "queue",
    "priority",
    "countdown",
  ];
  const errors: Values = {};
  const others: string[] = [];
  for (const { path, message } of issues) {
    const field = paths.find((known) => path === known || path.startsWith(`${known}.`));
    if (field) errors[field] = message;
    else others.push(path === "args" ? message : `${path}: ${message}`);
  }
  if (issues.length === 0) others.push(error instanceof Error ? error.message : String(error));
  return { busy: false, errors, refusal: others.join(" ") };
}
