/**
 * How many tasks may start now: rates of task names and queues, places of concurrency keys. A rate is
 * kept as one number, the time at which the next start is due if all before it had been even (the
 * generic cell rate algorithm).
 */

import { intervalMs, type Rate } from "../wire.ts";
import type { Database } from "./database.ts";
import type { TaskRow } from "./rows.ts";

/** Timers are no finer: what falls into this time may start at once. */
const BURST_MS = 100;

type Limited = Pick<TaskRow, "name" | "concurrency_key" | "rate_limit">;

type Timed = Pick<TaskRow, "name" | "time_limit" | "soft_time_limit">;

interface TaskRate {
  /** What counts instead of the tasks' own. */
  rate_limit: Rate | null;
  time_limit: number | null;
  soft_time_limit: number | null;
  next_start: number;
}

/** How many may start now. */
export function startsNow(rate: Rate, next: number, now: number): number {
  const from = earliest(rate, next, now);
  return from > now ? 0 : Math.floor((now - from) / intervalMs(rate)) + 1;
}

/** When the next start is due after some more. */
export function nextStart(rate: Rate, next: number, now: number, starts: number): number {
  return earliest(rate, next, now) + starts * intervalMs(rate);
}

function earliest(rate: Rate, next: number, now: number): number {
  return Math.max(next, now - Math.max(0, BURST_MS - intervalMs(rate)));
}

/** What one transaction reads and changes of task names' rates and of keys' places. */
export class Limits {
  readonly #rates = new Map<string, TaskRate & { changed: boolean }>();
  readonly #running = new Map<string, { tasks: number; changed: boolean }>();

  constructor(private readonly db: Database, private readonly now: number) {}

  /** The lane in which a task waits; null where nothing but its queue's limits holds it back. */
  laneOf(task: Limited): string | null {
    if (task.concurrency_key !== null) return `key ${task.concurrency_key}`;
    return this.#rateOf(task) === null ? null : `task ${task.name}`;
  }

  /** What a task has to wait for, in the words of `lanes.waits`. */
  heldBy(task: Limited & Pick<TaskRow, "concurrency_limit">): string | null {
    const { concurrency_key: key, concurrency_limit: limit, name } = task;
    if (key !== null && limit !== null && this.#places(key).tasks >= limit) return `key ${key}`;
    const rate = this.#rateOf(task);
    if (rate === null) return null;
    const known = this.#taskRate(name);
    // It is never more than an interval away, unless an earlier task had another rate.
    const latest = this.now + intervalMs(rate);
    if (known.next_start > latest) Object.assign(known, { next_start: latest, changed: true });
    return startsNow(rate, known.next_start, this.now) === 0 ? `task ${name}` : null;
  }

  /** How long a run of a task may take, in seconds; null where neither it nor its name says so. */
  timesOf(
    { name, time_limit, soft_time_limit }: Timed,
  ): { hard: number | null; soft: number | null } {
    const set = this.#taskRate(name);
    return {
      hard: set.time_limit ?? time_limit,
      soft: set.soft_time_limit ?? soft_time_limit,
    };
  }

  nextStart(name: string): number {
    return this.#taskRate(name).next_start;
  }

  /** To be called when a task is handed out. */
  spend(task: Limited): void {
    const rate = this.#rateOf(task);
    if (rate === null) return;
    const known = this.#taskRate(task.name);
    known.next_start = nextStart(rate, known.next_start, this.now, 1);
    known.changed = true;
  }

  /** Counts a running task of a key more or less. */
  run(key: string, by: 1 | -1): void {
    const places = this.#places(key);
    places.tasks += by;
    places.changed = true;
  }

  /** Writes what has changed. */
  finish(): void {
    for (const [name, { next_start, changed }] of this.#rates) {
      if (!changed) continue;
      this.db.run(
        `INSERT INTO task_rates (name, next_start) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET next_start = excluded.next_start`,
        name,
        next_start,
      );
    }
    for (const [key, { tasks, changed }] of this.#running) {
      if (!changed) continue;
      if (tasks > 0) this.db.run("INSERT OR REPLACE INTO running VALUES (?, ?)", key, tasks);
      else this.db.run("DELETE FROM running WHERE key = ?", key);
    }
  }

  #rateOf({ name, rate_limit }: Limited): Rate | null {
    return this.#taskRate(name).rate_limit ?? rate_limit;
  }

  #taskRate(name: string): TaskRate & { changed: boolean } {
    let known = this.#rates.get(name);
    if (!known) {
      const stored = this.db.get<TaskRate>(
        "SELECT rate_limit, time_limit, soft_time_limit, next_start FROM task_rates WHERE name = ?",
        name,
      );
      const unset = { rate_limit: null, time_limit: null, soft_time_limit: null, next_start: 0 };
      known = { ...unset, ...stored, changed: false };
      this.#rates.set(name, known);
    }
    return known;
  }

  #places(key: string): { tasks: number; changed: boolean } {
    let known = this.#running.get(key);
    if (!known) {
      const stored = this.db.get<{ tasks: number }>("SELECT tasks FROM running WHERE key = ?", key);
      known = { tasks: stored?.tasks ?? 0, changed: false };
      this.#running.set(key, known);
    }
    return known;
  }
}
