/** The same call as the page makes it, written for other places: curl, the command line, TypeScript. Pure. */

import type { Json, OnLost, Priority } from "../jobs/wire.ts";

/** What `POST /tasks` takes. Absent is as the task's definition says. */
export interface Call {
  name: string;
  args: Json;
  queue?: string;
  priority?: Priority;
  /** Seconds. */
  countdown?: number;
  /** ISO 8601. */
  eta?: string;
  /** Seconds, or ISO 8601. */
  expires?: number | string;
  max_retries?: number;
  /** Seconds; 0 for none. */
  time_limit?: number;
  /** Seconds; 0 for none. */
  soft_time_limit?: number;
  unique?: "start" | "end" | number;
  unique_key?: string;
  concurrency_key?: string;
  concurrency_limit?: number;
  on_lost?: OnLost;
}

/** For a POSIX shell. @param withToken whether the server wants to know who asks */
export function asCurl(call: Call, origin: string, withToken: boolean): string {
  return [
    `curl ${origin}/tasks`,
    ...withToken ? ['-H "Authorization: Bearer $TASKAPP_TOKEN"'] : [],
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(call))}`,
  ].join(" \\\n  ");
}

/** For a POSIX shell; an expiry at a moment has no option there. */
export function asCommand({ name, args, ...options }: Call): string {
  const flags = Object.entries(options)
    .filter(([key, value]) => !(key === "expires" && typeof value === "string"))
    .map(([key, value]) => `--${key.replaceAll("_", "-")} ${quoted(String(value))}`);
  return [`taskapp call ${quoted(name)} ${quoted(JSON.stringify(args))}`, ...flags].join(" \\\n  ");
}

/** With the task's own handle, as code beside it calls it. */
export function asTypeScript({ name, args, ...options }: Call): string {
  const handle = name.replaceAll(/[^A-Za-z0-9]+(\w)?/g, (_, letter = "") => letter.toUpperCase());
  const entries = Object.entries(options).map(([key, value]) => {
    const isMoment = (key === "eta" || key === "expires") && typeof value === "string";
    const text = isMoment ? `new Date(${JSON.stringify(value)})` : JSON.stringify(value);
    return `  ${key.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase())}: ${text},`;
  });
  if (entries.length > 0) {
    return `await ${handle}.applyAsync(${JSON.stringify(args)}, {\n${entries.join("\n")}\n});`;
  }
  const given = Array.isArray(args) ? args.map((arg) => JSON.stringify(arg)).join(", ") : undefined;
  return `await ${handle}.delay(${given ?? JSON.stringify(args)});`;
}

/** A word as a POSIX shell reads it. */
function quoted(text: string): string {
  return /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
