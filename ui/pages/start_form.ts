/** The form that starts a task: its arguments, its options, and the same call for other places. */

import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { Json, TaskType } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { startTask, startTasks } from "../api/tasks.ts";
import { type Input, inputFor, readInput } from "../inputs.ts";
import type { Call } from "../calls.ts";
import { Button } from "../components/button.ts";
import { Menu } from "../components/menu.ts";
import { preview, shortId } from "../format.ts";
import { OPTION_KEYS, optionsFrom } from "../options.ts";
import { href, route } from "../route.ts";
import type { Values } from "../schema.ts";
import { forgetInputs, recentInputs, rememberInput } from "../state/recent_inputs.ts";
import { watch } from "../state/watched.ts";
import { ArgumentsForm } from "./arguments_form.ts";
import { CallTexts } from "./call_texts.ts";
import { Options } from "./start_options.ts";

/** Tasks that one press of the button starts. */
const MAX_TIMES = 1000;
/** Of those, as many are watched. */
const MAX_WATCHED = 12;

/** What came of the last press of the button. */
interface Sent {
  errors: Values;
  /** What is wrong with no field in particular. */
  refusal: string;
  started: { id: string; isNew: boolean }[];
}

const NOTHING_SENT: Sent = { errors: {}, refusal: "", started: [] };

export function StartForm({ type }: { type: TaskType }) {
  const input = useSignal<Input>(inputFor(type.schema, argsOfAddress()));
  const options = useSignal<Values>(optionsOfAddress());
  const sent = useSignal<Sent>(NOTHING_SENT);
  const busy = useSignal(false);
  const { args, errors } = readInput(type.schema, input.value);
  const call: Call = { name: type.name, args, ...optionsFrom(options.value) };

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    const times = Number(options.value["times"] || 1);
    if (!Number.isInteger(times) || times < 1 || times > MAX_TIMES) {
      errors["times"] = `How many must be a whole number from 1 to ${MAX_TIMES}.`;
    }
    if (Object.keys(errors).length > 0) {
      sent.value = { ...NOTHING_SENT, errors };
      return;
    }
    busy.value = true;
    sent.value = await send(call, times, input.value);
    busy.value = false;
    if (sent.value.started.length > 0) rememberInput(type.name, args);
  };

  return html`
    <form noValidate onSubmit=${submit}>
      <${ArgumentsForm}
        schema=${type.schema}
        input=${input.value}
        errors=${sent.value.errors}
        onInput=${(next: Input) => input.value = next}
      />
      <${Recent} type=${type} input=${input} />
      <h2>Options</h2>
      <${Options}
        type=${type}
        values=${options.value}
        errors=${sent.value.errors}
        onValue=${(key: string, value: string) =>
          options.value = { ...options.value, [key]: value }}
      />
      <p class="refusal" role="alert">${sent.value.refusal}</p>
      <div class="start-foot">
        <${Button} type="submit" kind="primary" icon="play" needs="operator" busy=${busy.value}>
          ${busy.value ? "Starting…" : `Start ${type.name}`}
        <//>
        <${Started} started=${sent.value.started} />
      </div>
    </form>
    <details class="as-call">
      <summary>The same call for curl, the command line or TypeScript</summary>
      <${CallTexts} call=${call} />
    </details>
  `;
}

function Started({ started: [first, ...others] }: Pick<Sent, "started">) {
  if (!first) return html`<p role="status"></p>`;
  return html`
    <p role="status" class="started">
      ${first.isNew ? "Started" : "Was started before:"}
      ${" "}<a href=${href("task", first.id)}>${shortId(first.id)}</a>
      ${others.length > 0 && ` and ${others.length} more`}
    </p>
  `;
}

/** Arguments that were used before. */
function Recent({ type, input }: { type: TaskType; input: Signal<Input> }) {
  const texts = recentInputs(type.name);
  if (texts.length === 0) return null;
  const items = texts.map((text) => ({
    label: preview(JSON.parse(text), 60),
    run() {
      input.value = inputFor(type.schema, JSON.parse(text));
    },
  }));
  const clear = {
    label: "Forget these",
    icon: "trash" as const,
    run: () => forgetInputs(type.name),
  };
  return html`
    <div>
      <${Menu} label="Recent arguments" kind="plain" items=${[...items, null, clear]}>
        Recent arguments
      <//>
    </div>
  `;
}

/** Sends a call off, once or several times, and watches what it starts. */
async function send(call: Call, times: number, input: Input): Promise<Sent> {
  try {
    const answers = times === 1
      ? [await startTask(call)]
      : (await startTasks(Array.from({ length: times }, () => call))).tasks;
    const ids = [...new Set(answers.map(({ task_id }) => task_id))];
    for (const id of ids.slice(0, MAX_WATCHED).reverse()) watch(id);
    const isNew = new Map(answers.map(({ task_id, created }) => [task_id, created]));
    const started = ids.map((id) => ({ id, isNew: isNew.get(id) ?? true }));
    return { ...NOTHING_SENT, started };
  } catch (error) {
    return refused(error, input);
  }
}

/** Puts each message at its field, and those without a field together. */
function refused(error: unknown, input: Input): Sent {
  const issues = error instanceof ApiError ? error.issues : [];
  const errors: Values = {};
  const others: string[] = [];
  for (const issue of issues) {
    const path = issue.path.replace(/^tasks\.\d+\./, "");
    const field = placeOf(path, input);
    if (field) errors[field] ??= issue.message;
    else others.push(path === "args" ? issue.message : `${path}: ${issue.message}`);
  }
  if (issues.length === 0) others.push(error instanceof Error ? error.message : String(error));
  return { errors, refusal: [...new Set(others)].join(" "), started: [] };
}

/** The field that a message of the server is about; undefined if none is. */
function placeOf(path: string, { mode, values }: Input): string | undefined {
  if (mode === "json" && (path === "args" || path.startsWith("args."))) return path;
  const paths = [...Object.keys(values).map((key) => `args.${key}`), ...OPTION_KEYS];
  return paths.find((known) => path === known || path.startsWith(`${known}.`));
}

function argsOfAddress(): Json | undefined {
  try {
    return JSON.parse(route.peek().query.get("args") ?? "");
  } catch {
    return undefined;
  }
}

function optionsOfAddress(): Values {
  const { query } = route.peek();
  return Object.fromEntries(OPTION_KEYS.flatMap((key) => {
    const value = query.get(key);
    return value === null ? [] : [[key, value]];
  }));
}
