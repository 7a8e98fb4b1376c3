/** Arguments that are there already, in the forms for their task. Pure. */

import type { Json } from "../jobs/wire.ts";
import { argsFrom, type Field, type Form, initialValues, type Values } from "./schema.ts";

/** What somebody has filled in. */
export interface Filled {
  /** Which of the forms. */
  variant: number;
  values: Values;
  /** All of it as JSON text instead; null where the form counts. */
  json: string | null;
}

/** What the forms show at first: arguments where there are some, as JSON if they fit none of them. */
export function fill(forms: Form[], args?: Json): Filled {
  const initial: Values = Object.assign({}, ...forms.map(initialValues));
  if (args === undefined) return { variant: 0, values: initial, json: null };
  for (const [variant, form] of forms.entries()) {
    const values = valuesOf(form, args);
    if (values) return { variant, values: { ...initial, ...values }, json: null };
  }
  return { variant: 0, values: initial, json: JSON.stringify(args, null, 2) };
}

/** The arguments that were filled in; `errors` by path, as the server names them. */
export function argsOf(forms: Form[], filled: Filled): { args: Json; errors: Values } {
  if (filled.json !== null) {
    try {
      return { args: JSON.parse(filled.json), errors: {} };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { args: null, errors: { args: `This is not JSON: ${reason}` } };
    }
  }
  const form = forms[filled.variant];
  return form ? argsFrom(form, filled.values) : { args: [], errors: {} };
}

function valuesOf({ shape, fields }: Form, args: Json): Values | null {
  if (shape === "json") {
    const [field] = fields;
    return field ? { [field.key]: JSON.stringify(args, null, 2) } : null;
  }
  if (typeof args !== "object" || args === null) return null;
  if (Array.isArray(args) !== (shape === "tuple")) return null;
  const given = new Map(Object.entries(args));
  const values: Values = {};
  for (const field of fields) {
    const value = given.get(field.key);
    given.delete(field.key);
    const text = value === undefined ? (field.required ? null : "") : textOf(field, value);
    if (text === null) return null;
    values[field.key] = text;
  }
  return given.size === 0 ? values : null;
}

/** What an input holds for a value; null where it cannot. */
function textOf({ kind, options }: Field, value: Json): string | null {
  const json = JSON.stringify(value);
  switch (kind) {
    case "string":
      return typeof value === "string" && !/[\r\n]/.test(value) ? value : null;
    case "text":
      return typeof value === "string" ? value : null;
    case "integer":
    case "number":
      return typeof value === "number" ? json : null;
    case "boolean":
      return typeof value === "boolean" ? json : null;
    case "choice":
      return options.includes(json) ? json : null;
    case "json":
      return json;
  }
}
