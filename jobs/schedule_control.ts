/** Schedules as people handle them: made, changed, paused, run by hand, deleted. */

import { type Broker, InvalidCursorError, type Receipt } from "./broker.ts";
import type { Registry } from "./registry.ts";
import {
  checkTimes,
  mustComeDue,
  prepareSchedule,
  type ScheduleBody,
  type ScheduleDefinition,
  type ScheduleTimes,
} from "./schedule.ts";
import { MAX_SCHEDULES, type StoredRun, type StoredSchedule } from "./schedule_store.ts";
import { nextDue, nextTimes } from "./schedule_times.ts";
import { iso } from "./stored.ts";
import { NAME_PATTERN, type Schedule, type ScheduleRun } from "./wire.ts";

/** Times that are foretold. */
const UPCOMING = 5;
/** A page ends early when it holds so many characters; it is read in parts. */
const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024;
const READ_AT_ONCE = 50;
/** Others may change a schedule so often while one change to it is made. */
const MAX_ATTEMPTS = 20;

/** No schedule has this name. */
export class UnknownScheduleError extends Error {
  override name = "UnknownScheduleError";

  constructor(readonly schedule: string) {
    super(`No schedule is named "${schedule}"`);
  }
}

/** A schedule is in a state in which this cannot be done. */
export class ScheduleConflictError extends Error {
  override name = "ScheduleConflictError";
}

/** A field that is null takes back what it said. */
export type ScheduleChanges = {
  [Field in keyof ScheduleDefinition]?: ScheduleDefinition[Field] | null | undefined;
};

export class Schedules {
  constructor(private readonly broker: Broker, private readonly registry: Registry) {}

  /**
   * Makes a schedule.
   * @throws {InvalidScheduleError | InvalidArgumentsError} it is not right
   * @throws {ScheduleConflictError} there is one of that name, or there are too many
   */
  async create(name: string, definition: ScheduleDefinition): Promise<Schedule> {
    const now = await this.#now();
    const body = await prepareSchedule(this.registry, name, definition, now);
    mustComeDue(body.timing, now);
    const schedule = { name, body, inCode: false, next: await this.#next(body) };
    if (await this.#put(schedule, null)) return await this.#require(name);
    throw new ScheduleConflictError(
      `There is a schedule named "${name}": replace it (--replace, or PUT), or choose another name`,
    );
  }

  /**
   * Makes a schedule, or puts it in the place of the one of that name, which stays paused if it was.
   * @returns whether there was none
   * @throws {InvalidScheduleError | InvalidArgumentsError} it is not right
   */
  async replace(
    name: string,
    definition: ScheduleDefinition,
  ): Promise<{ schedule: Schedule; created: boolean }> {
    const stored = await this.broker.schedules.get(name);
    if (!stored) return { schedule: await this.create(name, definition), created: true };
    return { schedule: await this.#change(name, () => definition), created: false };
  }

  /**
   * Changes some of a schedule.
   * @throws {UnknownScheduleError}
   * @throws {InvalidScheduleError | InvalidArgumentsError} it would not be right any more
   */
  update(name: string, changes: ScheduleChanges): Promise<Schedule> {
    return this.#change(name, (body) => merge(toDefinition(body), changes));
  }

  /** @throws {UnknownScheduleError} */
  pause(name: string): Promise<Schedule> {
    return this.#setPaused(name, true);
  }

  /** Goes on with the next time from now on. @throws {UnknownScheduleError} */
  resume(name: string): Promise<Schedule> {
    return this.#setPaused(name, false);
  }

  /**
   * Starts its task now, whether it is paused or not; its times stay as they are.
   * @returns its receipt, or that of one that has the same unique key and was there already
   * @throws {UnknownScheduleError}
   */
  run(name: string): Promise<Receipt> {
    return this.#attempt(name, async ({ revision, next }, { call }) => {
      const task = { ...call, id: crypto.randomUUID() };
      const ticks = [{ due: null, task }];
      const step = { name, revision, due: next, next, ticks, skipped: [] };
      const [receipts] = await this.broker.schedules.advance([step]);
      return receipts?.[0] ?? null;
    });
  }

  /**
   * Deletes a schedule with its history.
   * @throws {UnknownScheduleError}
   * @throws {ScheduleConflictError} it is declared in code
   */
  async remove(name: string): Promise<void> {
    await this.#attempt(name, async ({ inCode, revision }) => {
      if (inCode) {
        throw new ScheduleConflictError(
          `Schedule "${name}" is declared in code: delete it there, or pause it`,
        );
      }
      return await this.broker.schedules.remove(name, revision) || null;
    });
  }

  /** @returns null for an unknown name */
  async get(name: string): Promise<Schedule | null> {
    const stored = await this.broker.schedules.get(name);
    return stored && toSchedule(stored);
  }

  /** The next times of a schedule, the first of them due next; none while it is paused. */
  async upcoming(name: string): Promise<string[]> {
    const stored = await this.broker.schedules.get(name);
    if (!stored || stored.next === null) return [];
    return nextTimes(bodyOf(stored).timing, stored.next - 1, UPCOMING).map(iso);
  }

  /**
   * The next times of a schedule that there is not yet.
   * @throws {InvalidScheduleError} there would be none
   */
  async preview(times: ScheduleTimes): Promise<string[]> {
    const now = await this.#now();
    const timing = checkTimes(times, now);
    mustComeDue(timing, now);
    return nextTimes(timing, now, UPCOMING).map(iso);
  }

  /**
   * A page by name; `cursor` is for the next one, null on the last.
   * @throws {InvalidCursorError}
   */
  async list(
    limit: number,
    cursor = "",
  ): Promise<{ schedules: Schedule[]; cursor: string | null }> {
    if (cursor !== "" && !NAME_PATTERN.test(cursor)) throw new InvalidCursorError(cursor);
    const schedules: Schedule[] = [];
    let after = cursor;
    let characters = 0;
    while (schedules.length < limit && characters < MAX_PAGE_CHARACTERS) {
      const want = Math.min(READ_AT_ONCE, limit - schedules.length);
      const stored = await this.broker.schedules.list(after, want);
      for (const each of stored) {
        schedules.push(toSchedule(each));
        characters += each.body.length;
        after = each.name;
      }
      if (stored.length < want) return { schedules, cursor: null };
    }
    return { schedules, cursor: after };
  }

  /** What became of its last ticks, the newest first. @throws {UnknownScheduleError} */
  async runs(name: string): Promise<ScheduleRun[]> {
    const runs = await this.broker.schedules.runs(name);
    if (runs.length === 0) await this.#require(name);
    return runs.map(toRun);
  }

  #now(): Promise<number> {
    return this.broker.schedules.now();
  }

  #setPaused(name: string, paused: boolean): Promise<Schedule> {
    return this.#attempt(name, async (stored, body) => {
      if (body.paused === paused) return toSchedule(stored);
      const changed = { ...body, paused, updated: await this.#now() };
      const next = await this.#next(changed);
      return await this.#put({ ...stored, body: changed, next }, stored.revision)
        ? await this.#require(name)
        : null;
    });
  }

  #change(
    name: string,
    define: (body: ScheduleBody) => ScheduleDefinition,
  ): Promise<Schedule> {
    return this.#attempt(name, async (stored, old) => {
      const now = await this.#now();
      const body = await prepareSchedule(this.registry, name, define(old), now, old);
      if (body.timing !== old.timing) mustComeDue(body.timing, now);
      // A time that has come and is not dealt with yet is not forgotten.
      const same = body.timing === old.timing && body.paused === old.paused;
      const next = same ? stored.next : await this.#next(body);
      return await this.#put({ ...stored, body, next }, stored.revision)
        ? await this.#require(name)
        : null;
    });
  }

  async #next({ paused, timing }: ScheduleBody): Promise<number | null> {
    return paused ? null : nextDue(timing, await this.#now());
  }

  /** Tries until nobody else has changed the schedule meanwhile, which is when it is not null. */
  async #attempt<T>(
    name: string,
    change: (stored: StoredSchedule, body: ScheduleBody) => Promise<T | null>,
  ): Promise<T> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const stored = await this.broker.schedules.get(name);
      if (!stored) throw new UnknownScheduleError(name);
      const done = await change(stored, bodyOf(stored));
      if (done !== null) return done;
    }
    throw new ScheduleConflictError(`Others keep changing schedule "${name}": try again`);
  }

  async #put(
    { name, body, inCode, next }: Pick<StoredSchedule, "name" | "inCode" | "next"> & {
      body: ScheduleBody;
    },
    revision: number | null,
  ): Promise<boolean> {
    const text = JSON.stringify(body);
    const done = await this.broker.schedules.put({ name, body: text, inCode, next }, revision);
    if (done !== "full") return done === "stored";
    throw new ScheduleConflictError(
      `There are ${MAX_SCHEDULES} schedules, and no more are kept: delete some`,
    );
  }

  async #require(name: string): Promise<Schedule> {
    const schedule = await this.get(name);
    if (!schedule) throw new UnknownScheduleError(name);
    return schedule;
  }
}

/** What a stored schedule says. */
export function bodyOf({ body }: Pick<StoredSchedule, "body">): ScheduleBody {
  return JSON.parse(body);
}

function toDefinition({ task, args, options, timing, misfire }: ScheduleBody): ScheduleDefinition {
  const { cron, timezone, every, start, end } = timing;
  return {
    ...options,
    task,
    args,
    misfire,
    ...(cron === null ? {} : { cron, timezone }),
    ...(every === null ? {} : { every }),
    ...(start === null ? {} : { start: new Date(start) }),
    ...(end === null ? {} : { end: new Date(end) }),
  };
}

function merge(definition: ScheduleDefinition, changes: ScheduleChanges): ScheduleDefinition {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const merged: Record<string, unknown> = { ...definition, ...Object.fromEntries(given) };
  // Who names one of the two means that one.
  if (changes.every) {
    if (changes.cron === undefined) merged["cron"] = null;
    if (changes.timezone === undefined) merged["timezone"] = null;
  }
  if (changes.cron && changes.every === undefined) merged["every"] = null;
  const kept = Object.entries(merged).filter(([field, value]) =>
    value !== null || field === "args"
  );
  return Object.fromEntries(kept) as unknown as ScheduleDefinition;
}

function toSchedule({ name, body: text, inCode, next, last }: StoredSchedule): Schedule {
  const body = bodyOf({ body: text });
  const { options, timing } = body;
  const time = (ms: number | null | undefined) => ms === null || ms === undefined ? null : iso(ms);
  return {
    name,
    task: body.task,
    args: body.args,
    cron: timing.cron,
    timezone: timing.timezone,
    every: timing.every,
    start: time(timing.start),
    end: time(timing.end),
    misfire: body.misfire,
    queue: options.queue ?? null,
    priority: options.priority ?? null,
    expires: options.expires ?? null,
    max_retries: options.maxRetries ?? null,
    time_limit: options.timeLimit ?? null,
    soft_time_limit: options.softTimeLimit ?? null,
    unique: options.unique ?? null,
    unique_key: options.uniqueKey ?? null,
    concurrency_key: options.concurrencyKey ?? null,
    concurrency_limit: options.concurrencyLimit ?? null,
    paused: body.paused,
    in_code: inCode,
    next_due_at: time(next),
    last_due_at: time(last?.due),
    last_task_id: last?.task ?? null,
    created_at: iso(body.created),
    updated_at: iso(body.updated),
  };
}

function toRun({ due, until, at, task, kept, skipped }: StoredRun): ScheduleRun {
  return {
    due_at: due === null ? null : iso(due),
    until: until === undefined || until === due ? null : iso(until),
    at: iso(at),
    task_id: task ?? null,
    skipped: skipped ?? (kept ? "a task with the same unique key was there already" : null),
  };
}
