/** The form of a schedule: what it starts, when, and how. */

import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { type Json, NAME_PATTERN, type TaskType } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { Button, LinkButton } from "../components/button.ts";
import { Card } from "../components/page.ts";
import { type Input as Filled, inputFor, readInput } from "../inputs.ts";
import { type Definition, definitionOf, type Draft, sentence } from "../schedule_draft.ts";
import type { Values } from "../schema.ts";
import { ArgumentsForm } from "./arguments_form.ts";
import { Choice, type FormState, Input } from "./schedules_inputs.ts";
import { Options } from "./schedules_options.ts";
import { When } from "./schedules_when.ts";

interface ScheduleFormProps {
  types: TaskType[];
  initial: Draft;
  /** Of the task that the draft names. */
  args?: Json | undefined;
  /** Whether it is there already, and so keeps its name. */
  exists: boolean;
  cancelHref: string;
  /** @throws {ApiError} what is wrong is said at its field */
  save(name: string, definition: Definition): Promise<void>;
}

const NAME_RULE = "1 to 128 letters, digits, _ . : or -, beginning with a letter, a digit or _.";

export function ScheduleForm(props: ScheduleFormProps) {
  const { types, initial, args, exists, cancelHref, save } = props;
  const draft = useSignal(initial);
  const errors = useSignal<Values>({});
  const refusal = useSignal("");
  const busy = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  const state = { draft, errors };
  const type = types.find(({ name }) => name === draft.value.task);
  const schema = type?.schema ?? {};
  const filled = useSignal<Filled>(inputFor(schema, args));
  const filledFor = useRef(initial.task);
  useEffect(() => {
    if (filledFor.current === draft.value.task) return;
    filledFor.current = draft.value.task;
    filled.value = inputFor(schema);
  }, [draft.value.task]);

  const show = (found: Values, rest: string) => {
    errors.value = found;
    refusal.value = rest;
    requestAnimationFrame(() =>
      form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus()
    );
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    const { definition, errors: wrong } = definitionOf(draft.value);
    const given = readInput(schema, filled.value);
    const found = { ...wrong, ...given.errors };
    if (!NAME_PATTERN.test(draft.value.name)) found["name"] = `Must be ${NAME_RULE}`;
    if (Object.keys(found).length > 0) return show(found, "");
    busy.value = true;
    try {
      await save(draft.value.name, { ...definition, args: given.args });
    } catch (error) {
      const { fields, rest } = sorted(error);
      show(fields, rest);
    }
    busy.value = false;
  };

  return html`
    <form class="schedule-form" ref=${form} noValidate onSubmit=${submit}>
      <${What} state=${state} types=${types} type=${type} exists=${exists}>
        <${ArgumentsForm}
          schema=${schema}
          input=${filled.value}
          errors=${errors.value}
          onInput=${(next: Filled) => filled.value = next}
        />
        <//>
        <${When} state=${state} />
        <${Options} state=${state} type=${type} />
        <p class="refusal" role="alert">${refusal}</p>
        <${Foot} busy=${busy} exists=${exists} cancelHref=${cancelHref} />
        </form>
  `;
}

interface WhatProps {
  state: FormState;
  types: TaskType[];
  type: TaskType | undefined;
  exists: boolean;
  children?: unknown;
}

function What({ state, types, type, exists, children }: WhatProps) {
  const known = types.map(({ name }) => name);
  const { task } = state.draft.value;
  // A schedule may name a task that this server does not know.
  const names = known.includes(task) ? known : [task, ...known];
  return html`
    <${Card} title="What">
      <div class="form-part">
        <div class="fields">
          <${Input} state=${state} field="name" label="Name" placeholder="nightly-report"
            disabled=${exists} />
          <${Choice} state=${state} field="task" label="Task"
            description=${type?.description ?? "This server does not know this task."}
            options=${Object.fromEntries(names.map((name) => [name, name]))} />
        </div>
        ${children}
      </div>
      <//>
  `;
}

function Foot(
  { busy, exists, cancelHref }: { busy: Signal<boolean>; exists: boolean; cancelHref: string },
) {
  const word = exists ? "Save changes" : "Make schedule";
  return html`
    <div class="form-foot">
      <${LinkButton} href=${cancelHref}>Cancel<//>
      <${Button} type="submit" kind="primary" needs="operator" busy=${busy.value}>
        ${busy.value ? "Saving…" : word}
      <//>
    </div>
  `;
}

/** What the server found wrong: by field, and what belongs to none. */
function sorted(error: unknown): { fields: Values; rest: string } {
  const issues = error instanceof ApiError ? error.issues : [];
  const fields: Values = {};
  const rest: string[] = [];
  for (const { path, message } of issues) {
    const [first = "", second] = path.split(".");
    if (path === "") rest.push(sentence(message));
    else {fields[first === "args" && second !== undefined ? `args.${second}` : first] = sentence(
        message,
      );}
  }
  // Nothing in the form is called like these.
  for (const field of ["", "paused"]) {
    if (fields[field]) rest.push(`${field}: ${fields[field]}`);
  }
  if (error instanceof ApiError && error.status === 409 && /named/.test(error.message)) {
    fields["name"] = "There is a schedule of this name: choose another.";
    return { fields, rest: "" };
  }
  if (issues.length === 0) rest.push(error instanceof Error ? error.message : String(error));
  return { fields, rest: rest.join(" ") };
}
