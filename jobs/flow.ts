/** Flow control of a task: what its definition and a call say of uniqueness, limits and lost workers. */

import { createHash } from "node:crypto";
import type { NewTask, Unique } from "./broker.ts";
import { InvalidArgumentsError, InvalidOptionError, toTaskError } from "./errors.ts";
import { isRate, type Json, ON_LOST, type OnLost, type Rate } from "./wire.ts";

/** A year: as long as a key is kept, so is its task. */
export const MAX_UNIQUE_SECONDS = 366 * 24 * 3600;
export const MAX_CONCURRENCY_LIMIT = 1_000_000;
/** Characters of a key. */
export const MAX_KEY = 255;

/** Until the first starts, until it ends, or for so many seconds. */
export type UniqueUntil = "start" | "end" | number;

/** What a call can say. */
export interface FlowOptions {
  /** Keeps a second call with the same arguments out, and answers it with the first one's task. */
  unique?: UniqueUntil | undefined;
  /** What counts instead of the arguments; each task name has keys of its own. */
  uniqueKey?: string | undefined;
  /** Tasks with this key, whatever their names, take turns. */
  concurrencyKey?: string | undefined;
  /** How many tasks with that key may run at the same time. Without it 1. */
  concurrencyLimit?: number | undefined;
}

/** What a definition can say. */
export interface FlowPolicy<Args> {
  /** Keeps a second call with the same arguments out, and answers it with the first one's task. */
  unique?: UniqueUntil;
  /** What counts instead of the arguments; null for a call that need not be unique. */
  uniqueKey?(args: Args): string | null;
  /** Tasks with this key, whatever their names, take turns; null for none. */
  concurrencyKey?(args: Args): string | null;
  /** How many tasks with that key may run at the same time. Without it 1. */
  concurrencyLimit?: number;
  /** How many may start, in all queues and on all workers together: "10/s", "10/m", "10/h", "10/d". */
  rateLimit?: Rate;
  /** What to do when its worker is lost. Without it "requeue"; "fail" for what must not run twice. */
  onLost?: OnLost;
}

/** @throws {InvalidOptionError} naming the first field that is wrong, and what would be right */
export function checkFlowPolicy(policy: FlowPolicy<never>): void {
  const { unique, concurrencyLimit, rateLimit, onLost } = policy;
  checkFlowOptions({ unique, concurrencyLimit });
  if (policy.uniqueKey && unique === undefined) throw keyWithoutUnique();
  if (concurrencyLimit !== undefined && !policy.concurrencyKey) throw limitWithoutKey();
  if (rateLimit !== undefined && !isRate(rateLimit)) {
    throw new InvalidOptionError("rate_limit", `${RATE_RULE}, not ${rateLimit}`);
  }
  if (onLost !== undefined && !ON_LOST.includes(onLost)) {
    throw new InvalidOptionError("on_lost", `must be ${ON_LOST.join(" or ")}, not ${onLost}`);
  }
}

/** What a rate must look like. */
export const RATE_RULE = "must be a rate such as 10/s, 10/m, 10/h or 0.5/d, " +
  "at least one in a year and at most 100000/s";

/** @throws {InvalidOptionError} naming the first that is wrong, and what would be right */
export function checkFlowOptions(options: FlowOptions): void {
  const { unique, concurrencyLimit: limit } = options;
  const known = unique === undefined || unique === "start" || unique === "end" ||
    (typeof unique === "number" && unique >= 0.001 && unique <= MAX_UNIQUE_SECONDS);
  if (!known) {
    throw new InvalidOptionError(
      "unique",
      `must be "start", "end" or seconds from 0.001 to ${MAX_UNIQUE_SECONDS}, not ${unique}`,
    );
  }
  checkKey("unique_key", options.uniqueKey);
  checkKey("concurrency_key", options.concurrencyKey);
  const whole = limit === undefined ||
    (Number.isInteger(limit) && limit >= 1 && limit <= MAX_CONCURRENCY_LIMIT);
  if (!whole) {
    const rule = `must be a whole number from 1 to ${MAX_CONCURRENCY_LIMIT}, not ${limit}`;
    throw new InvalidOptionError("concurrency_limit", rule);
  }
}

/** @throws {InvalidOptionError} */
export function checkKey(name: string, key: unknown): void {
  if (key === undefined) return;
  if (typeof key !== "string") {
    throw new InvalidOptionError(name, `must be a text, not of type ${typeof key}`);
  }
  if (key === "" || key.length > MAX_KEY || key.includes("\0")) {
    throw new InvalidOptionError(name, `must have 1 to ${MAX_KEY} characters, none of them NUL`);
  }
}

/**
 * What a broker is told.
 * @param args as checked
 * @param text the same as JSON
 * @throws {InvalidOptionError} a key that was made of the arguments is none, or an option lacks another
 * @throws {InvalidArgumentsError} they are nested too deeply to be compared
 */
export function flowOf<Args>(
  policy: FlowPolicy<Args> & { name: string },
  args: Args,
  text: string,
  call: FlowOptions,
): Pick<NewTask, "unique" | "concurrency" | "rateLimit" | "onLost"> {
  const { name, rateLimit, onLost } = policy;
  const unique = uniqueOf(policy, args, text, call);
  const key = call.concurrencyKey ?? keyOf(policy, "concurrencyKey", args) ?? undefined;
  if (key === undefined && call.concurrencyLimit !== undefined) throw limitWithoutKey();
  const limit = call.concurrencyLimit ?? policy.concurrencyLimit ?? 1;
  return {
    ...(unique && { unique: { ...unique, key: `${name}:${unique.key}` } }),
    ...(key !== undefined && { concurrency: { key, limit } }),
    ...(rateLimit && { rateLimit }),
    ...(onLost && { onLost }),
  };
}

function uniqueOf<Args>(
  policy: FlowPolicy<Args> & { name: string },
  args: Args,
  text: string,
  call: FlowOptions,
): Unique | undefined {
  const until = call.unique ?? policy.unique;
  if (until === undefined) {
    if (call.uniqueKey !== undefined) throw keyWithoutUnique();
    return undefined;
  }
  const key = call.uniqueKey ??
    (policy.uniqueKey ? keyOf(policy, "uniqueKey", args) : digest(policy.name, text));
  if (key === null || key === undefined) return undefined;
  return { key, until: typeof until === "number" ? { ms: Math.round(until * 1000) } : until };
}

/** Asks a function of the definition for a key, and says whose mistake it is if that makes none. */
function keyOf<Args>(
  policy: FlowPolicy<Args> & { name: string },
  which: "uniqueKey" | "concurrencyKey",
  args: Args,
): string | null | undefined {
  const option = which === "uniqueKey" ? "unique_key" : "concurrency_key";
  try {
    const key = policy[which]?.(args);
    if (key !== null) checkKey(option, key);
    return key;
  } catch (error) {
    const { type, message } = toTaskError(error);
    const reason = error instanceof InvalidOptionError
      ? `answered what is none: it ${error.rule}`
      : `failed with ${type}: ${message}`;
    throw new InvalidOptionError(
      option,
      `cannot be made: ${which} of task "${policy.name}" ${reason}`,
    );
  }
}

/** The same for arguments that differ in the order of their fields only. */
function digest(task: string, text: string): string {
  const sorted = (_: string, value: Json) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
      : value;
  try {
    const canonical = JSON.stringify(JSON.parse(text), sorted);
    return createHash("sha256").update(canonical).digest("hex");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = "nested too deeply to be compared: give a unique_key";
    throw new InvalidArgumentsError(task, [{ path: "args", message }]);
  }
}

function keyWithoutUnique(): InvalidOptionError {
  return new InvalidOptionError(
    "unique_key",
    'needs unique, which says how long the key is kept: "start", "end" or seconds',
  );
}

function limitWithoutKey(): InvalidOptionError {
  return new InvalidOptionError(
    "concurrency_limit",
    "needs a concurrency_key: it counts the running tasks with the same key",
  );
}
