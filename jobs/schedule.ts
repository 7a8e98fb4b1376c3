/** What a schedule says, and whether that is right. */

import { Buffer } from "node:buffer";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { NewTask } from "./broker.ts";
import { InvalidOptionError, UnknownTaskError } from "./errors.ts";
import { type CallOptions, MAX_SECONDS, MAX_TIME_MS } from "./options.ts";
import type { FlowOptions } from "./flow.ts";
import type { Registry } from "./registry.ts";
import { checkCron, checkTimezone, nextDue, type Timing } from "./schedule_times.ts";
import type { TaskHandle, TaskSchema } from "./task.ts";
import { type Json, type Misfire, MISFIRES, NAME_PATTERN } from "./wire.ts";

/** The arguments of a schedule may be this many bytes of JSON. */
export const MAX_ARGS_BYTES = 64 * 1024;

/** How the tasks of a schedule differ from their definition. */
export interface ScheduleOptions
  extends
    FlowOptions,
    Pick<CallOptions, "queue" | "priority" | "maxRetries" | "timeLimit" | "softTimeLimit"> {
  /** Seconds after which a task of it is not started any more but REVOKED. */
  expires?: number | undefined;
}

const OPTIONS = [
  "queue",
  "priority",
  "expires",
  "maxRetries",
  "timeLimit",
  "softTimeLimit",
  "unique",
  "uniqueKey",
  "concurrencyKey",
  "concurrencyLimit",
] as const satisfies (keyof ScheduleOptions)[];

/** When a schedule is due: by `cron` or by `every`. */
export interface ScheduleTimes {
  /** Five fields, or six with seconds in front. */
  cron?: string | undefined;
  /** IANA name of the zone whose clock `cron` follows; UTC. */
  timezone?: string | undefined;
  /** Whole seconds, from 1. */
  every?: number | undefined;
  /** Not before this time; `every` counts from it. */
  start?: Date | undefined;
  /** Not after this time. */
  end?: Date | undefined;
}

/** A schedule as its author writes it. */
export interface ScheduleDefinition extends ScheduleOptions, ScheduleTimes {
  /** The name of a task. */
  task: string;
  args?: unknown;
  /** What becomes of ticks that nobody was there for; `last` of them runs. */
  misfire?: Misfire | undefined;
  paused?: boolean | undefined;
}

/** A schedule as it is stored, as JSON. Times are Unix milliseconds. */
export interface ScheduleBody {
  task: string;
  args: Json;
  options: ScheduleOptions;
  timing: Timing;
  misfire: Misfire;
  paused: boolean;
  /** What each tick enqueues: any process can, also one that does not know the task. */
  call: Omit<NewTask, "id">;
  created: number;
  updated: number;
  /** By which programs it was declared; see schedule_declare.ts. */
  declared?: Declared;
}

/** Definitions of living programs, by their fingerprint. */
export interface Declared {
  /** The fingerprint of the one that was applied last. */
  applied: string;
  /** Since when it is known, and when a process that has it was last seen. */
  known: { [fingerprint: string]: { since: number; seen: number } };
}

/** What is wrong with a schedule, field by field. */
export class InvalidScheduleError extends Error {
  override name = "InvalidScheduleError";

  constructor(readonly issues: { path: string; message: string }[]) {
    super(issues.map(({ path, message }) => `${path}: ${message}`).join("; "));
  }
}

/** A schedule declared in code. */
export interface DeclaredSchedule extends Omit<ScheduleDefinition, "paused"> {
  name: string;
}

/** What a declaration may have beside its name. */
export const DECLARED_FIELDS = {
  task: true,
  args: true,
  cron: true,
  timezone: true,
  every: true,
  start: true,
  end: true,
  misfire: true,
  queue: true,
  priority: true,
  expires: true,
  maxRetries: true,
  timeLimit: true,
  softTimeLimit: true,
  unique: true,
  uniqueKey: true,
  concurrencyKey: true,
  concurrencyLimit: true,
} satisfies Record<Exclude<keyof DeclaredSchedule, "name">, true>;

/** Declares a schedule: its task, and arguments that fit it. */
export function defineSchedule<Schema extends TaskSchema>(
  definition: Omit<DeclaredSchedule, "task" | "args"> & {
    task: TaskHandle<Schema>;
    args?: StandardSchemaV1.InferInput<Schema>;
  },
): DeclaredSchedule {
  return { ...definition, task: definition.task.name };
}

/**
 * Checks a schedule and makes of it what is stored.
 * @param now the broker's time, in Unix milliseconds
 * @param old what it replaces
 * @throws {InvalidScheduleError}
 * @throws {InvalidArgumentsError} the arguments do not fit the task
 */
export async function prepareSchedule(
  registry: Registry,
  name: string,
  definition: ScheduleDefinition,
  now: number,
  old?: ScheduleBody,
): Promise<ScheduleBody> {
  if (!NAME_PATTERN.test(name)) {
    const message =
      "must be 1 to 128 letters, digits, _ . : or -, and begin with none of the last three";
    throw new InvalidScheduleError([{ path: "name", message }]);
  }
  const timing = checkTimes(definition, now, old?.timing);
  const options = Object.fromEntries(OPTIONS.map((name) => [name, definition[name]]));
  const { task, args, misfire = "last" } = definition;
  if (!MISFIRES.includes(misfire)) throw invalid("misfire", `must be ${MISFIRES.join(", ")}`);
  const { id: _, ...call } = await prepareCall(registry, task, args, options);
  return {
    task,
    args: args === undefined ? JSON.parse(call.args) as Json : args as Json,
    options,
    timing,
    misfire,
    paused: definition.paused ?? old?.paused ?? false,
    call,
    created: old?.created ?? now,
    updated: now,
    ...(old?.declared && { declared: old.declared }),
  };
}

/**
 * Checks when a schedule is due.
 * @param now what `every` counts from where there is no start
 * @param old stays as it is where nothing in it has changed
 * @throws {InvalidScheduleError}
 */
export function checkTimes(times: ScheduleTimes, now: number, old?: Timing): Timing {
  const { cron, every, start, end } = times;
  const issues: { path: string; message: string }[] = [];
  const check = (path: string, checking: () => void) => {
    try {
      checking();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      issues.push({ path, message: error.message });
    }
  };
  if (cron === undefined && every === undefined) {
    issues.push({ path: "cron", message: "cron or every is needed: one says when it is due" });
  }
  if (cron !== undefined && every !== undefined) {
    issues.push({ path: "cron", message: "cron and every exclude each other" });
  }
  if (cron !== undefined) check("cron", () => checkCron(cron));
  let timezone = "UTC";
  check("timezone", () => timezone = checkTimezone(times.timezone ?? timezone));
  if (every !== undefined && !(Number.isInteger(every) && every >= 1 && every <= MAX_SECONDS)) {
    const message = `must be whole seconds from 1 to ${MAX_SECONDS}, not ${every}`;
    issues.push({ path: "every", message });
  }
  if (every !== undefined && times.timezone !== undefined && timezone !== "UTC") {
    issues.push({ path: "timezone", message: "only cron follows the clock of a time zone" });
  }
  for (const [path, time] of [["start", start], ["end", end]] as const) {
    if (time === undefined || Math.abs(time.getTime()) < MAX_TIME_MS) continue;
    issues.push({ path, message: "must be a time before the year 3000" });
  }
  if (start !== undefined && end !== undefined && end <= start) {
    issues.push({ path: "end", message: "must be after start" });
  }
  if (issues.length > 0) throw new InvalidScheduleError(issues);

  const timing: Timing = {
    cron: cron === undefined ? null : cron.trim().replaceAll(/\s+/g, " "),
    timezone,
    every: every ?? null,
    anchor: start?.getTime() ?? now,
    start: start?.getTime() ?? null,
    end: end?.getTime() ?? null,
  };
  return old && isSame(timing, old) ? old : timing;
}

/** @throws {InvalidScheduleError} it is not due at any time after this one */
export function mustComeDue(timing: Timing, now: number): void {
  if (nextDue(timing, now) !== null) return;
  throw invalid(timing.end === null ? "cron" : "end", "it would never come due from now on");
}

/** Whether two are due at the same times, wherever `every` counts from. */
function isSame(one: Timing, other: Timing): boolean {
  return (["cron", "timezone", "every", "start", "end"] as const)
    .every((field) => one[field] === other[field]);
}

async function prepareCall(
  registry: Registry,
  task: string,
  args: unknown,
  options: ScheduleOptions,
): Promise<NewTask> {
  let call: NewTask;
  try {
    call = await registry.get(task).prepare(args, options);
  } catch (error) {
    if (error instanceof UnknownTaskError) throw invalid("task", error.message);
    if (error instanceof InvalidOptionError) {
      throw invalid(error.option, error.message.slice(error.option.length + 1));
    }
    throw error;
  }
  const bytes = Math.max(
    Buffer.byteLength(call.args),
    Buffer.byteLength(JSON.stringify(args ?? null)),
  );
  if (bytes <= MAX_ARGS_BYTES) return call;
  const message = `are ${bytes} bytes of JSON; a schedule may have ${MAX_ARGS_BYTES}: ` +
    "give it the place where they are kept";
  throw invalid("args", message);
}

function invalid(path: string, message: string): InvalidScheduleError {
  return new InvalidScheduleError([{ path, message }]);
}
