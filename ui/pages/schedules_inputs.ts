/** One input of the form of a schedule, tied to the draft. */

import type { Signal } from "@preact/signals";
import { html } from "htm/preact";
import { Labelled, valueOf } from "../components/field.ts";
import type { Draft } from "../schedule_draft.ts";
import type { Values } from "../schema.ts";

/** What the parts of the form share. */
export interface FormState {
  draft: Signal<Draft>;
  /** What is wrong, by field. */
  errors: Signal<Values>;
}

interface InputProps {
  state: FormState;
  field: keyof Draft;
  label: string;
  description?: string;
  type?: "text" | "number" | "datetime-local";
  placeholder?: string;
  min?: number;
  /** Values to choose from; others may be typed. */
  suggestions?: string[];
  disabled?: boolean;
}

/** Text, a number or a time. */
export function Input(props: InputProps) {
  const { state, field, label, description, type = "text", suggestions } = props;
  const list = suggestions && `${field}-list`;
  return html`
    <${Labelled} ...${labels(state, field, label, description)}>
      <input
        ...${inputProps(state, field, description)}
        type=${type}
        step=${type === "number" ? "any" : type === "datetime-local" ? "1" : undefined}
        min=${props.min}
        placeholder=${props.placeholder}
        list=${list}
        disabled=${props.disabled}
        autocomplete="off"
        spellcheck=${false}
      />
      ${suggestions && html`
        <datalist id=${list}>
          ${suggestions.map((each) => html`<option key=${each} value=${each}></option>`)}
        </datalist>
      `}
    <//>
  `;
}

interface ChoiceProps {
  state: FormState;
  field: keyof Draft;
  label: string;
  description?: string;
  /** By value. */
  options: { [value: string]: string };
}

/** One of a few values. */
export function Choice({ state, field, label, description, options }: ChoiceProps) {
  return html`
    <${Labelled} ...${labels(state, field, label, description)}>
      <select ...${inputProps(state, field, description)}>
        ${Object.entries(options).map(([value, text]) =>
          html`<option key=${value} value=${value}>${text}</option>`
        )}
      </select>
      <//>
  `;
}

/** Changes the draft, and takes away what was wrong with that field. */
export function setField({ draft, errors }: FormState, field: keyof Draft, value: string): void {
  draft.value = { ...draft.value, [field]: value };
  const { [field]: _, ...others } = errors.value;
  errors.value = others;
}

function labels({ errors }: FormState, field: string, label: string, description?: string) {
  return { id: field, label, description, error: errors.value[field] };
}

function inputProps(state: FormState, field: keyof Draft, description?: string) {
  const error = state.errors.value[field];
  return {
    id: field,
    value: state.draft.value[field],
    "aria-invalid": Boolean(error),
    "aria-describedby":
      [description && `${field}-description`, error && `${field}-error`].filter(Boolean).join(
        " ",
      ) ||
      undefined,
    onInput: (event: Event) => setField(state, field, valueOf(event)),
  };
}
