/** Arguments while somebody fills them in: with a form made of the task's schema, or as JSON. Pure. */

import type { Json } from "../jobs/wire.ts";
import { argsFrom, type Form, formsOf, initialValues, type Schema, type Values } from "./schema.ts";

export interface Input {
  mode: "form" | "json";
  /** Which of the forms. */
  variant: number;
  /** What is in the fields of all forms. */
  values: Values;
  /** What is in the box for JSON. */
  json: string;
}

/** What is filled in at first: these arguments, or what the schema says. */
export function inputFor(schema: Schema, args?: Json): Input {
  const forms = formsOf(schema);
  const values: Values = Object.assign({}, ...forms.map(initialValues));
  const empty: Input = { mode: "form", variant: 0, values, json: "" };
  if (args === undefined) return empty;
  const json = pretty(args);
  const variant = forms.findIndex((form) => valuesOf(form, args) !== null);
  const form = forms[variant];
  // What the form does not show must not be lost by it.
  if (!form) return { ...empty, mode: "json", json };
  return { mode: "form", variant, values: { ...values, ...valuesOf(form, args) }, json };
}

/** The arguments, or by path what is wrong with them; "args" is the whole. */
export function readInput(schema: Schema, input: Input): { args: Json; errors: Values } {
  if (input.mode === "form") {
    const form = formsOf(schema)[input.variant];
    return form ? argsFrom(form, input.values) : { args: null, errors: {} };
  }
  try {
    return { args: JSON.parse(input.json || "null"), errors: {} };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { args: null, errors: { args: `This is not JSON: ${reason}` } };
  }
}

/** The same arguments in the other mode, as far as they can be read. */
export function inMode(schema: Schema, input: Input, mode: Input["mode"]): Input {
  if (mode === input.mode) return input;
  const { args, errors } = readInput(schema, input);
  if (mode === "json") return { ...input, mode, json: pretty(args) };
  if (Object.keys(errors).length > 0) return input;
  return inputFor(schema, args);
}

function pretty(args: Json): string {
  return JSON.stringify(args, null, 2);
}

/** What a form shows of arguments; null if it cannot show all of them. */
function valuesOf(form: Form, args: Json): Values | null {
  const { fields, shape } = form;
  if (shape === "json") return Object.fromEntries(fields.map(({ key }) => [key, pretty(args)]));
  if (args === null || typeof args !== "object") return null;
  if (Array.isArray(args) !== (shape === "tuple")) return null;
  const given = new Map(Object.entries(args));
  const values: Values = {};
  for (const { key, kind, required } of fields) {
    const value = given.get(key);
    given.delete(key);
    const isText = kind === "string" || kind === "text";
    if (value === undefined ? required : isText && typeof value !== "string") return null;
    values[key] = value === undefined ? "" : isText ? String(value) : JSON.stringify(value);
  }
  return given.size === 0 ? values : null;
}
