/** The errors that task code throws or meets, and the ones its callers can get. */

import { inspect } from "node:util";
import type { TaskError } from "./wire.ts";

/** Thrown by a task to be run again, whatever its `autoretryFor` says; bounded by max_retries. */
export class Retry extends Error {
  override name = "Retry";
  /** Seconds until the next attempt; without it the task's backoff decides. */
  readonly countdown: number | undefined;

  constructor(options: { countdown?: number; message?: string; cause?: unknown } = {}) {
    super(options.message ?? "the task asked to be retried", { cause: options.cause });
    this.countdown = options.countdown;
  }
}

/** Thrown by a task to fail at once, whatever its retry policy says. */
export class Reject extends Error {
  override name = "Reject";
}

/** The reason of a task's signal when its soft time limit has passed. */
export class SoftTimeLimitExceeded extends Error {
  override name = "SoftTimeLimitExceeded";
}

/** The arguments do not fit the task's schema. `issues` names each path and what is wrong there. */
export class InvalidArgumentsError extends Error {
  override name = "InvalidArgumentsError";

  constructor(readonly task: string, readonly issues: { path: string; message: string }[]) {
    const list = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
    super(`Invalid arguments for ${task}: ${list}`);
  }
}

/** The arguments are more JSON than one task may carry. */
export class ArgumentsTooLargeError extends Error {
  override name = "ArgumentsTooLargeError";
}

/** An option of a call or of a definition is out of range, or does not go with another. */
export class InvalidOptionError extends RangeError {
  override name = "InvalidOptionError";

  /**
   * @param option its name, as HTTP has it
   * @param rule what follows the name in the message
   */
  constructor(readonly option: string, readonly rule: string) {
    super(`${option} ${rule}`);
  }
}

/** A task is not defined right. The message names the task, and its fields as they are written in code. */
export class InvalidDefinitionError extends RangeError {
  override name = "InvalidDefinitionError";
}

/** No task of this name is registered. */
export class UnknownTaskError extends Error {
  override name = "UnknownTaskError";

  constructor(readonly task: string, readonly known: string[]) {
    super(`Unknown task "${task}"; known tasks: ${known.join(", ")}`);
  }
}

/** No queue of this name has been used, and no registered task names it. */
export class UnknownQueueError extends Error {
  override name = "UnknownQueueError";

  constructor(readonly queue: string, readonly known: string[]) {
    super(`No queue is named "${queue}"; known queues: ${known.join(", ")}`);
  }
}

/** What `AsyncResult.get` throws for a task that did not end in SUCCESS. */
export class TaskFailedError extends Error {
  override name = "TaskFailedError";

  constructor(readonly taskId: string, readonly error: TaskError) {
    super(`${error.type}: ${error.message}`);
  }
}

/** Characters of a message or a stack that are kept. */
const MAX_ERROR_CHARS = 16 * 1024;

/** What was thrown, as the wire has it, whatever task code made of its fields. */
export function toTaskError(thrown: unknown): TaskError {
  if (!(thrown instanceof Error)) return { type: "Error", message: shortText(thrown), stack: null };
  return {
    type: shortText(typeOf(thrown)),
    message: shortText(thrown.message),
    stack: thrown.stack === undefined ? null : shortText(thrown.stack),
  };
}

/** The class of an error that gives itself no name, as Python says it. */
function typeOf({ name, constructor }: Error): unknown {
  return name === "Error" && typeof constructor === "function" && constructor.name || name;
}

function shortText(value: unknown): string {
  const text = typeof value === "string" ? value : inspect(value);
  return text.length > MAX_ERROR_CHARS ? `${text.slice(0, MAX_ERROR_CHARS)} […]` : text;
}
