/** How one call may differ from its task's definition, and the bounds of it. */

import type { When } from "./broker.ts";
import { InvalidOptionError } from "./errors.ts";
import { checkFlowOptions, checkKey, type FlowOptions } from "./flow.ts";
import { NAME_PATTERN, PRIORITIES, type Priority } from "./wire.ts";

/** Ten years: longer than any task waits, short enough for every timestamp to stay exact. */
export const MAX_SECONDS = 10 * 366 * 24 * 3600;

/** Later times are mistakes, and would not fit where they are kept. */
export const MAX_TIME_MS = Date.UTC(3000, 0);

/** Every retry has a bound. */
export const MAX_RETRIES = 1000;

/** How one call differs from the task's definition. */
export interface CallOptions extends FlowOptions {
  queue?: string | undefined;
  priority?: Priority | undefined;
  /** Seconds to wait before it runs. */
  countdown?: number | undefined;
  /** Not before this time. */
  eta?: Date | undefined;
  /** Seconds from now, or a time, after which it is not started any more but REVOKED. */
  expires?: number | Date | undefined;
  maxRetries?: number | undefined;
  timeLimit?: number | undefined;
  softTimeLimit?: number | undefined;
  /** A second call under the same key within a day gets the first one's task. */
  idempotencyKey?: string | undefined;
}

/** The fields that a call may have. */
const CALL_FIELDS = {
  queue: true,
  priority: true,
  countdown: true,
  eta: true,
  expires: true,
  maxRetries: true,
  timeLimit: true,
  softTimeLimit: true,
  idempotencyKey: true,
  unique: true,
  uniqueKey: true,
  concurrencyKey: true,
  concurrencyLimit: true,
} satisfies Record<keyof CallOptions, true>;

/** @throws {InvalidOptionError} a field is misspelt */
export function checkCallFields(options: CallOptions): void {
  checkFields(options, CALL_FIELDS);
}

/** @throws {InvalidOptionError} a field is none of the known ones */
export function checkFields(given: object, known: Record<string, unknown>): void {
  const wrong = Object.keys(given).find((field) => !Object.hasOwn(known, field));
  if (wrong === undefined) return;
  throw new InvalidOptionError(wrong, `is not known; there are ${Object.keys(known).join(", ")}`);
}

/**
 * Checks each option by itself.
 * @throws {InvalidOptionError} naming the first that is wrong, and what would be right
 */
export function checkOptions(options: CallOptions): void {
  const { queue, priority, countdown, eta, expires } = options;
  checkKey("idempotency_key", options.idempotencyKey);
  checkQueue(queue);
  checkPriority(priority);
  for (const [name, value] of [["eta", eta], ["expires", expires]] as const) {
    const valid = !(value instanceof Date) || Math.abs(value.getTime()) < MAX_TIME_MS;
    if (!valid) throw new InvalidOptionError(name, "is not a time before the year 3000");
  }
  if (countdown !== undefined && eta !== undefined) {
    throw new InvalidOptionError("countdown", "and eta exclude each other");
  }
  checkSeconds("countdown", countdown);
  if (typeof expires === "number") checkSeconds("expires", expires);
  checkMaxRetries(options.maxRetries);
  checkSeconds("time_limit", options.timeLimit);
  checkSeconds("soft_time_limit", options.softTimeLimit);
  checkFlowOptions(options);
}

export function checkQueue(queue: string | undefined): void {
  if (queue !== undefined && !NAME_PATTERN.test(queue)) {
    throw new InvalidOptionError("queue", `"${queue}" does not match ${NAME_PATTERN.source}`);
  }
}

export function checkPriority(priority: Priority | undefined): void {
  if (priority !== undefined && !PRIORITIES.includes(priority)) {
    throw new InvalidOptionError("priority", `must be ${PRIORITIES.join(", ")}, not ${priority}`);
  }
}

export function checkMaxRetries(retries: number | undefined): void {
  checkNumber("max_retries", retries, 0, MAX_RETRIES);
  if (retries !== undefined && !Number.isInteger(retries)) {
    throw new InvalidOptionError("max_retries", `must be a whole number, not ${retries}`);
  }
}

export function checkSeconds(name: string, value: number | undefined): void {
  checkNumber(name, value, 0, MAX_SECONDS);
}

/** Refuses a soft limit at which the run has been stopped already; 0 is no limit. */
export function checkSoftLimit(soft: number | undefined, hard: number | undefined): void {
  if (soft && hard && soft >= hard) {
    throw new InvalidOptionError(
      "soft_time_limit",
      `must be below time_limit, which is ${hard} s, not ${soft}: or the run is stopped before it ` +
        "is asked to stop",
    );
  }
}

function checkNumber(name: string, value: number | undefined, min: number, max: number): void {
  if (value !== undefined && !(value >= min && value <= max)) {
    throw new InvalidOptionError(name, `must be from ${min} to ${max}, not ${value}`);
  }
}

/** When it is to run; undefined for at once. */
export function startTime({ countdown, eta }: CallOptions): When | undefined {
  if (countdown === 0) return undefined;
  return instant(countdown ?? eta);
}

/** Seconds from now, or a time, as a broker takes it. */
export function instant(when: number | Date | undefined): When | undefined {
  if (when === undefined) return undefined;
  return typeof when === "number" ? { inMs: Math.round(when * 1000) } : { atMs: when.getTime() };
}
