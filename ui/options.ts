/** The options of a call while somebody fills them in. Pure. */

import { PRIORITIES } from "../jobs/wire.ts";
import type { Call } from "./calls.ts";
import type { Values } from "./schema.ts";

export type Options = Omit<Call, "name" | "args">;

/** What is in the fields, by the names that the API has for them. */
export const OPTION_KEYS = [
  "queue",
  "priority",
  "countdown",
  "eta",
  "expires",
  "max_retries",
  "time_limit",
  "soft_time_limit",
  "unique",
  "unique_key",
  "concurrency_key",
  "concurrency_limit",
] as const;

/** The options of a call; an empty field leaves one out. Whether a value will do is for the server to say. */
export function optionsFrom(values: Values): Options {
  const text = (key: string) => values[key]?.trim() || undefined;
  const number = (key: string) => text(key) === undefined ? undefined : Number(text(key));
  const unique = text("unique");
  const eta = text("eta");
  const options: { [K in keyof Options]: Options[K] | undefined } = {
    queue: text("queue"),
    priority: PRIORITIES.find((name) => name === text("priority")),
    countdown: number("countdown"),
    eta: eta && momentOf(eta),
    expires: number("expires"),
    max_retries: number("max_retries"),
    time_limit: number("time_limit"),
    soft_time_limit: number("soft_time_limit"),
    unique: unique === "start" || unique === "end" ? unique : unique ? Number(unique) : undefined,
    unique_key: text("unique_key"),
    concurrency_key: text("concurrency_key"),
    concurrency_limit: number("concurrency_limit"),
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Options;
}

/** The time of an input for dates, which is in the reader's zone, as the API wants it. */
function momentOf(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}
