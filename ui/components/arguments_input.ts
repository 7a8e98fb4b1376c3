/** The inputs for a task's arguments, or one for all of them as JSON. */

import type { Signal } from "@preact/signals";
import { html } from "htm/preact";
import { argsOf, fill, type Filled } from "../arguments.ts";
import { type Form, pathOf, type Values } from "../schema.ts";
import { Button } from "./button.ts";
import { FieldInput, Labelled, valueOf } from "./field.ts";

interface ArgumentsInputProps {
  forms: Form[];
  filled: Signal<Filled>;
  /** By path, as the server names them. */
  errors: Values;
}

export function ArgumentsInput({ forms, filled, errors }: ArgumentsInputProps) {
  const { variant, values, json } = filled.value;
  const change = (changes: Partial<Filled>) => filled.value = { ...filled.value, ...changes };
  const isOnlyJson = forms.every(({ shape }) => shape === "json");
  if (json !== null) {
    const asForm = () => {
      const { args, errors } = argsOf(forms, filled.value);
      const next = fill(forms, args);
      if (Object.keys(errors).length === 0) filled.value = next;
    };
    return html`
      <${Labelled} id="args-json" label="Arguments as JSON" error=${errors["args"]}
        description="An array, or an object with named arguments.">
        <textarea
          id="args-json"
          rows="6"
          spellcheck=${false}
          aria-invalid=${Boolean(errors["args"])}
          value=${json}
          onInput=${(event: Event) => change({ json: valueOf(event) })}
        ></textarea>
        <//>
        <p>
          <${Button} size="small" onClick=${asForm}>Edit in the form<//></p>
    `;
  }
  const form = forms[variant];
  const asJson = () => change({ json: JSON.stringify(argsOf(forms, filled.value).args, null, 2) });
  return html`
    ${forms.length > 1 && html`
      <fieldset class="variants">
        <legend>Arguments</legend>
        ${forms.map(({ label }, index) =>
          html`
            <label key=${index}>
              <input
                type="radio"
                name="variant"
                checked=${variant === index}
                onChange=${() => change({ variant: index })}
              />
              ${label || `Way ${index + 1}`}
            </label>
          `
        )}
      </fieldset>
    `}
    ${form?.fields.map((field) =>
      html`
        <${FieldInput}
          key=${pathOf(form, field)}
          field=${field}
          error=${errors[pathOf(form, field)]}
          value=${values[field.key] ?? ""}
          onValue=${(value: string) => change({ values: { ...values, [field.key]: value } })}
        />
      `
    )}
    ${form?.fields.length === 0 && html`<p class="muted">It takes no arguments.</p>`}
    ${!isOnlyJson && html`
      <p>
        <${Button} size="small" kind="bare" onClick=${asJson}>Edit as JSON<//></p>
    `}
  `;
}
