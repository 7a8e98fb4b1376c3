/** One input of a form with its label, its description and its message. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { count } from "../format.ts";
import type { Field } from "../schema.ts";

interface LabelledProps {
  id: string;
  label: ComponentChildren;
  description?: ComponentChildren;
  error?: string | undefined;
  children?: ComponentChildren;
}

export function Labelled({ id, label, description, error, children }: LabelledProps) {
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      ${children}
      ${description && html`<p class="hint" id=${`${id}-description`}>${description}</p>`}
      ${error && html`<p class="error" id=${`${id}-error`} role="alert">${error}</p>`}
    </div>
  `;
}

interface FieldInputProps {
  field: Field;
  value: string;
  error: string | undefined;
  onValue(value: string): void;
}

export function FieldInput({ field, value, error, onValue }: FieldInputProps) {
  const id = `arg-${field.key}`;
  const mayBeEmpty = !field.required && field.initial === "";
  const label = mayBeEmpty ? `${field.label} (optional)` : field.label;
  const shared = {
    id,
    value,
    "aria-invalid": Boolean(error),
    "aria-describedby": `${id}-description ${id}-error`,
    onInput: (event: Event) => onValue(valueOf(event)),
  };
  return html`
    <${Labelled} id=${id} label=${label} description=${describe(field)} error=${error}>
      ${inputFor(field, shared, onValue)}
    <//>
  `;
}

function inputFor(
  field: Field,
  shared: { id: string; value: string },
  onValue: (value: string) => void,
) {
  switch (field.kind) {
    case "integer":
    case "number":
      return html`
        <input
          ...${shared}
          type="number"
          step=${field.kind === "integer" ? 1 : "any"}
          min=${field.min ?? undefined}
          max=${field.max ?? undefined}
        />
      `;
    case "string":
      return html`<input ...${shared} autocomplete="off" />`;
    case "text":
    case "json":
      return html`<textarea ...${shared} rows="4" spellcheck=${false}></textarea>`;
    case "choice":
      return html`<select ...${shared}>
        ${shared.value === "" && html`<option value="">Choose…</option>`}
        ${field.options.map((option) => html`<option value=${option}>${plain(option)}</option>`)}
      </select>`;
    case "boolean":
      return html`
        <input
          id=${shared.id}
          type="checkbox"
          checked=${shared.value === "true"}
          onChange=${() => onValue(shared.value === "true" ? "false" : "true")}
        />
      `;
  }
}

/** The description, with the bounds where there are any. */
function describe({ description, min, max, kind }: Field): string {
  const low = min === null ? "" : count(min);
  const high = max === null ? "" : count(max);
  const bounds = low && high
    ? `${low} to ${high}`
    : low
    ? `at least ${low}`
    : high
    ? `at most ${high}`
    : "";
  const format = kind === "json" && !description.includes("JSON") ? "JSON" : "";
  return [description, bounds, format].filter(Boolean).join(" · ");
}

/** A choice's JSON text as a person reads it. */
function plain(option: string): string {
  return option.replace(/^"(.*)"$/, "$1");
}

/** What an input, a select or a textarea holds. */
export function valueOf({ currentTarget: input }: Event): string {
  const has = input instanceof HTMLInputElement || input instanceof HTMLSelectElement ||
    input instanceof HTMLTextAreaElement;
  return has ? input.value : "";
}
