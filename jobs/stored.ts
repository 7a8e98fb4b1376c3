/** The form in which both stores keep events and counters, and the way from there to the wire. */

import type { TaskLimits } from "./broker.ts";
import {
  DURATION_BUCKETS,
  type Histogram,
  type OnLost,
  type Priority,
  type Rate,
  type State,
  STATES,
  type Stats,
  type TaskCounts,
  type TaskError,
  type TaskEvent,
} from "./wire.ts";

/** All that a store knows of one task, for moving it to another. Times are Unix milliseconds. */
export interface StoredTask {
  id: string;
  name: string;
  /** JSON, as are meta, result and error. */
  args: string;
  queue: string;
  priority: Priority;
  status: State;
  stage: string | null;
  progress: number;
  meta: string | null;
  result: string | null;
  error: string | null;
  attempt: number;
  retries: number;
  maxRetries: number;
  deliveries: number;
  lost: number;
  worker: string | null;
  schedule: string | null;
  onLost: OnLost;
  concurrencyKey: string | null;
  concurrencyLimit: number | null;
  rateLimit: Rate | null;
  /** What it keeps others out by, and until when: a Unix time in milliseconds, or a step. */
  uniqueKey: string | null;
  uniqueUntil: "start" | "end" | number | null;
  /** Seconds. */
  timeLimit: number | null;
  /** Seconds. */
  softTimeLimit: number | null;
  created: number;
  ready: number;
  eta: number | null;
  expires: number | null;
  started: number | null;
  finished: number | null;
  /** Set while it waits for its time. */
  due: number | null;
  /** Set once it has ended. */
  keptUntil: number | null;
  /** Number of its last event. */
  seq: number;
  /** The bodies of its last events, up to that one. */
  events: string[];
}

/** The limits that were set at run time; null where there is none. */
export interface Limits {
  queues: { name: string; rateLimit: Rate | null; concurrencyLimit: number | null }[];
  tasks: ({ name: string } & TaskLimits)[];
}

/** A stored event holds no number, task or name, and its times as Unix milliseconds. */
export interface StoredEvent extends Omit<TaskEvent, "seq" | "task_id" | "name" | "at" | "eta"> {
  at: number;
  eta?: number;
}

export function iso(ms: string | number): string {
  return new Date(Number(ms)).toISOString();
}

export function toEvent(id: string, seq: number, name: string, body: string): TaskEvent {
  const { at, eta, ...rest } = JSON.parse(body) as StoredEvent;
  return {
    seq,
    task_id: id,
    name,
    ...rest,
    ...(eta !== undefined && { eta: iso(eta) }),
    at: iso(at),
  };
}

/** The first event, which is not stored. */
export function acceptedEvent(id: string, name: string, created: string | number): TaskEvent {
  return {
    seq: 1,
    task_id: id,
    name,
    status: "PENDING",
    progress: 0,
    stage: null,
    at: iso(created),
  };
}

/** Events are copied to every watcher: what is long stays with the task. */
export function brief(error: TaskError): TaskError {
  return { ...error, message: error.message.slice(0, 1000), stack: null };
}

/** @param byState how many tasks there are, in the order of STATES */
export function toCounts(byState: number[], scheduled: number, capped: boolean): TaskCounts {
  const counts = Object.fromEntries(STATES.map((state, i) => [state, byState[i] ?? 0])) as Record<
    State,
    number
  >;
  const all = byState.reduce((sum, count) => sum + count, 0);
  return { all, ...counts, scheduled, dead: counts.FAILURE, capped };
}

/** Upper bounds of DURATION_BUCKETS, as the fields of counters name them. */
export const BUCKETS_MS = DURATION_BUCKETS.map((seconds) => Math.round(seconds * 1000));

/**
 * Counter fields are words: `outcome SUCCESS default divide`, `ran 50 divide` for runs of 50 ms at most,
 * `ran more divide` for those beyond all buckets, `ran ms divide` for the sum; `waited` likewise.
 */
export function toStats(counters: Iterable<[field: string, value: number]>): Stats {
  const stats: Stats = { enqueued: 0, outcomes: [], run_time: [], wait_time: [] };
  const histogram = (list: Histogram[], name: string): Histogram => {
    const known = list.find((each) => each.name === name);
    if (known) return known;
    const buckets = new Array<number>(DURATION_BUCKETS.length + 1).fill(0);
    const created = { name, buckets, count: 0, sum_seconds: 0 };
    list.push(created);
    return created;
  };
  for (const [field, amount] of counters) {
    const [kind, detail = "", ...names] = field.split(" ");
    if (kind === "enqueued") stats.enqueued = amount;
    if (kind === "outcome") {
      const [queue = "", name = ""] = names;
      const outcome = detail as Stats["outcomes"][number]["outcome"];
      stats.outcomes.push({ name, queue, outcome, count: amount });
    }
    if (kind === "ran" || kind === "waited") {
      const list = kind === "ran" ? stats.run_time : stats.wait_time;
      const target = histogram(list, names[0] ?? "");
      if (detail === "ms") {
        target.sum_seconds = amount / 1000;
      } else {
        const bucket = BUCKETS_MS.indexOf(Number(detail));
        target.buckets[bucket < 0 ? BUCKETS_MS.length : bucket] = amount;
        target.count += amount;
      }
    }
  }
  return stats;
}
