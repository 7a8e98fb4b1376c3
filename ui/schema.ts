/** Forms from JSON Schema, and arguments from what was filled in. Pure. */

import type { Json } from "../jobs/wire.ts";

export type Schema = { [key: string]: Json };

/** One input of a form. */
export interface Field {
  /** Position or property name; with "args." before it the path that the server's messages name. */
  key: string;
  label: string;
  description: string;
  kind: "integer" | "number" | "string" | "text" | "boolean" | "choice" | "json";
  required: boolean;
  /** What is filled in at first. */
  initial: string;
  /** JSON texts of the values to choose from; only for "choice". */
  options: string[];
  min: number | null;
  max: number | null;
}

/** One way to give a task its arguments. */
export interface Form {
  label: string;
  /** "json": one field for the whole. */
  shape: "tuple" | "object" | "json";
  fields: Field[];
}

/** What is in the inputs, by field key. */
export type Values = { [key: string]: string };

/** The forms for a schema; more than one where it is a choice between objects or tuples. */
export function formsOf(schema: Schema): Form[] {
  const variants = list(schema["anyOf"] ?? schema["oneOf"]);
  const forms = (variants.length > 0 ? variants : [schema]).map(formOf);
  return forms.every((form) => form !== null) ? forms : [anyJson(schema)];
}

export function initialValues(form: Form): Values {
  return Object.fromEntries(form.fields.map(({ key, initial }) => [key, initial]));
}

/**
 * The arguments that were filled in. An empty input is left out where it may be; whether an empty
 * text will do is for the server to say.
 * @returns also what is missing or could not be read, by path
 */
export function argsFrom(form: Form, values: Values): { args: Json; errors: Values } {
  const errors: Values = {};
  const read = (field: Field): Json | undefined => {
    const text = values[field.key] ?? "";
    const isText = field.kind === "string" || field.kind === "text";
    if (text === "" && !(field.required && isText)) {
      if (field.required) errors[pathOf(form, field)] = "A value is needed here.";
      return undefined;
    }
    try {
      return valueOf(field, text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      errors[pathOf(form, field)] = `This is not JSON: ${reason}`;
      return undefined;
    }
  };
  return { args: assemble(form, read), errors };
}

function assemble(form: Form, read: (field: Field) => Json | undefined): Json {
  const values = form.fields.map((field) => [field, read(field)] as const);
  if (form.shape === "json") return values[0]?.[1] ?? null;
  if (form.shape === "object") {
    const object: { [key: string]: Json } = {};
    for (const [{ key }, value] of values) if (value !== undefined) object[key] = value;
    return object;
  }
  const lastGiven = values.findLastIndex(([, value]) => value !== undefined);
  return values.slice(0, lastGiven + 1).map(([, value]) => value ?? null);
}

/** The path by which the server's messages name a field. */
export function pathOf(form: Form, field: Field): string {
  return form.shape === "json" ? "args" : `args.${field.key}`;
}

function valueOf({ kind }: Field, text: string): Json {
  switch (kind) {
    case "string":
    case "text":
      return text;
    case "integer":
    case "number":
      return Number(text);
    case "boolean":
      return text === "true";
    case "choice":
    case "json":
      return JSON.parse(text);
  }
}

function formOf(schema: Json): Form | null {
  if (!isObject(schema)) return null;
  const label = string(schema["title"]);
  const items = list(schema["prefixItems"]);
  if (schema["type"] === "array" && (items.length > 0 || schema["items"] === false)) {
    const required = number(schema["minItems"]) ?? 0;
    const fields = items.map((item, index) => fieldOf(`${index}`, item, index < required));
    return { label, shape: "tuple", fields };
  }
  const properties = schema["properties"];
  if (schema["type"] !== "object" || !isObject(properties)) return null;
  const required = list(schema["required"]);
  const fields = Object.entries(properties).map(([key, property]) =>
    fieldOf(key, property, required.includes(key))
  );
  return { label: label || Object.keys(properties).join(", "), shape: "object", fields };
}

function anyJson(schema: Schema): Form {
  const field = fieldOf("args", schema, true);
  return {
    label: "",
    shape: "json",
    fields: [{ ...field, kind: "json", label: field.label === "args" ? "arguments" : field.label }],
  };
}

function fieldOf(key: string, schema: Json, required: boolean): Field {
  const of = isObject(schema) ? schema : {};
  const kind = kindOf(of);
  const options = list(of["enum"]).map((option) => JSON.stringify(option));
  const given = of["default"];
  const fallback = required && kind === "boolean" ? "false" : "";
  return {
    key,
    label: string(of["title"]) || (/^\d+$/.test(key) ? `argument ${Number(key) + 1}` : key),
    description: string(of["description"]),
    kind,
    required: required && given === undefined,
    initial: given === undefined ? fallback : initialText(kind, given),
    options,
    min: bound(of["minimum"] ?? of["exclusiveMinimum"]),
    max: bound(of["maximum"] ?? of["exclusiveMaximum"]),
  };
}

function kindOf(schema: Schema): Field["kind"] {
  if (list(schema["enum"]).length > 0) return "choice";
  switch (schema["type"]) {
    case "integer":
    case "number":
    case "boolean":
      return schema["type"];
    case "string":
      return schema["contentMediaType"] === undefined ? "string" : "text";
    default:
      return "json";
  }
}

function initialText(kind: Field["kind"], value: Json): string {
  return typeof value === "string" && kind !== "choice" && kind !== "json"
    ? value
    : JSON.stringify(value);
}

/** The largest safe integers are what a schema says that has no bound. */
function bound(value: Json | undefined): number | null {
  const at = number(value);
  return at === null || Math.abs(at) >= Number.MAX_SAFE_INTEGER ? null : at;
}

function isObject(value: Json | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function string(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function number(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}
