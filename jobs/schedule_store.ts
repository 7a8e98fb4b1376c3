/** What schedules need of a store. What a schedule says is JSON text that no store looks into. */

import type { NewTask, Receipt } from "./broker.ts";

/** No store takes more schedules. */
export const MAX_SCHEDULES = 10_000;
/** Runs that are kept of each schedule. */
export const MAX_RUNS = 100;

/** How long one connection has the schedules that are due to itself. */
export const TURN_MS = 1000;

/** A schedule as it is stored. Times are Unix milliseconds on the broker's clock. */
export interface StoredSchedule {
  name: string;
  /** Another with each `put`, over all schedules that ever were. */
  revision: number;
  body: string;
  /** Whether it was declared in code. */
  inCode: boolean;
  /** When it is due; null for never. */
  next: number | null;
  /** The time of its last tick that was enqueued, and that task's id; null before the first. */
  last: { due: number; task: string } | null;
}

/** What became of a tick. Times are Unix milliseconds. */
export interface StoredRun {
  /** When it was due; null where it was asked for by hand. */
  due: number | null;
  /** When that was decided. */
  at: number;
  /** Its task; with `kept`, one that was there already and had the same unique key. */
  task?: string;
  kept?: true;
  /** Why nothing was enqueued, for this tick and all up to and including `until`. */
  skipped?: string;
  until?: number;
}

/**
 * One step of a schedule from one due time to the next. It is made only where the schedule still has
 * this revision and is due at `due`, so each tick is enqueued once, whoever tries.
 */
export interface ScheduleStep {
  name: string;
  revision: number;
  due: number | null;
  next: number | null;
  ticks: { due: number | null; task: NewTask }[];
  skipped: { due: number; until: number; reason: string }[];
}

export interface ScheduleStore {
  /** The broker's clock, in Unix milliseconds. */
  now(): Promise<number>;
  get(name: string): Promise<StoredSchedule | null>;
  /** By name, beginning after the one given. */
  list(after: string, limit: number): Promise<StoredSchedule[]>;
  /** All that were declared in code. */
  inCode(): Promise<StoredSchedule[]>;
  /**
   * Stores a schedule if the one of that name still has this revision, or, with null, if there is
   * none. "full" where there are MAX_SCHEDULES others.
   */
  put(
    schedule: Pick<StoredSchedule, "name" | "body" | "inCode" | "next">,
    revision: number | null,
  ): Promise<"stored" | "changed" | "full">;
  /** Deletes a schedule with its runs, if it still has this revision. */
  remove(name: string, revision: number): Promise<boolean>;
  /**
   * Those that are due, the earliest first, and `waitMs` until there may be more, null if there will be
   * none. For TURN_MS others are told of none that are due, so that not all do the same work; who is
   * told of none has ended his turn.
   */
  due(limit: number): Promise<{ now: number; schedules: StoredSchedule[]; waitMs: number | null }>;
  /**
   * Enqueues ticks and goes on to the next due times.
   * @returns for each step a receipt per tick; null where it did not hold any more
   */
  advance(steps: ScheduleStep[]): Promise<(Receipt[] | null)[]>;
  /** What became of its last ticks, the newest first; MAX_RUNS are kept. */
  runs(name: string): Promise<StoredRun[]>;
}
