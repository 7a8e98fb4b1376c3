/** Where a task's arguments are filled in: a form made of its schema, or JSON. */

import { html } from "htm/preact";
import type { Schema } from "../schema.ts";
import { type Form, formsOf, pathOf, type Values } from "../schema.ts";
import { inMode, type Input } from "../inputs.ts";
import { FieldInput, Labelled, valueOf } from "../components/field.ts";

interface ArgumentsFormProps {
  schema: Schema;
  input: Input;
  /** What is wrong, by path. */
  errors: Values;
  onInput(input: Input): void;
}

export function ArgumentsForm({ schema, input, errors, onInput }: ArgumentsFormProps) {
  const forms = formsOf(schema);
  const form = forms[input.variant];
  const isAnyJson = forms.length === 1 && form?.shape === "json";
  const rows = Math.min(16, Math.max(4, input.json.split("\n").length));
  return html`
    <div class="arguments">
      <div class="arguments-head">
        <h2>Arguments</h2>
        ${!isAnyJson && html`
          <div class="modes" role="group" aria-label="Fill in as">
            ${(["form", "json"] as const).map((mode) =>
              html`
                <button
                  key=${mode}
                  type="button"
                  class="button small"
                  aria-pressed=${`${input.mode === mode}`}
                  onClick=${() => onInput(inMode(schema, input, mode))}
                >${mode === "form" ? "Form" : "JSON"}</button>
              `
            )}
          </div>
        `}
      </div>
      ${input.mode === "form" && form
        ? html`
          ${forms.length > 1 && html`
            <${Variants} forms=${forms} input=${input} onInput=${onInput} />
          `}
          ${form.fields.length === 0 && html`<p class="muted">This task takes none.</p>`}
          ${form.fields.map((field) =>
            html`
              <${FieldInput}
                key=${pathOf(form, field)}
                field=${field}
                error=${errors[pathOf(form, field)]}
                value=${input.values[field.key] ?? ""}
                onValue=${(value: string) =>
                  onInput({ ...input, values: { ...input.values, [field.key]: value } })}
              />
            `
          )}
        `
        : html`
          <${Labelled} id="args-json" label="JSON" error=${inJson(errors)}
            description="A list, or an object with names.">
            <textarea
              id="args-json"
              rows=${rows}
              spellcheck=${false}
              aria-invalid=${inJson(errors) ? "true" : undefined}
              aria-describedby="args-json-description args-json-error"
              value=${input.json}
              onInput=${(event: Event) => onInput({ ...input, json: valueOf(event) })}
            ></textarea>
            <//>
        `}
    </div>
  `;
}

/** In JSON there is one place for what is wrong anywhere in it. */
function inJson(errors: Values): string | undefined {
  const found = Object.entries(errors).filter(([path]) =>
    path === "args" || path.startsWith("args.")
  );
  const texts = found.map(([path, text]) => path === "args" ? text : `${path.slice(5)}: ${text}`);
  return texts.join(" ") || undefined;
}

interface VariantsProps {
  forms: Form[];
  input: Input;
  onInput(input: Input): void;
}

function Variants({ forms, input, onInput }: VariantsProps) {
  return html`
    <fieldset class="variants">
      <legend class="hidden">Which arguments</legend>
      ${forms.map((form, index) =>
        html`
          <label key=${index}>
            <input
              type="radio"
              name="variant"
              checked=${input.variant === index}
              onChange=${() => onInput({ ...input, variant: index })}
            />
            ${form.label || `Way ${index + 1}`}
          </label>
        `
      )}
    </fieldset>
  `;
}
