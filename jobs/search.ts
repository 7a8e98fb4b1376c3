/** What both stores have in common in looking for tasks: what fits, how far one request goes, previews. */

import { Buffer } from "node:buffer";
import { InvalidCursorError, type TaskFilter } from "./broker.ts";
import { type State, STATES, type TaskError, type TaskSummary } from "./wire.ts";

/** A request ends early when it has looked at so many tasks, */
export const MAX_LOOKED = 5000;
/** has taken so long, */
export const MAX_SEARCH_MS = 50;
/** or holds so many bytes (or characters) of full tasks. */
export const MAX_PAGE_SIZE = 4 * 1024 * 1024;

const MAX_PREVIEW = 200;

/** The states that fit; null for any. */
export function statesOf({ state, dead }: TaskFilter): State[] | null {
  if (state === undefined) return dead ? ["FAILURE"] : null;
  const states = typeof state === "string" ? [state] : state;
  return STATES.filter((each) => states.includes(each) && (!dead || each === "FAILURE"));
}

/** How a text may stand in JSON, in lower case as far as ASCII goes. */
export function spellingsInJson(text: string): string[] {
  const plain = lowerCase(text);
  const escaped = lowerCase(JSON.stringify(text.toWellFormed()).slice(1, -1));
  return escaped === plain ? [plain] : [plain, escaped];
}

/** The same of what every store can lower: SQLite and Lua know ASCII only. */
export function lowerCase(text: string): string {
  return text.toWellFormed().replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The beginning of a long text, never half a character. */
export function shorten(text: string): string {
  if (text.length <= MAX_PREVIEW) return text;
  return `${text.slice(0, MAX_PREVIEW - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** An error as a list shows it. */
export function shortError(error: Omit<TaskError, "stack"> | null): TaskSummary["error"] {
  return error && { type: shorten(error.type), message: shorten(error.message) };
}

/** A cursor as clients see it: text that may stand in a URL. */
export function toCursor(content: unknown): string {
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/**
 * What `toCursor` has made a text of, as far as JSON goes.
 * @throws {InvalidCursorError}
 */
export function fromCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw new InvalidCursorError(cursor);
  }
}
