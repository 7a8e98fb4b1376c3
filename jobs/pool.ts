/** Where task code runs: what a worker asks of a pool, and what both kinds share. */

import type { Claimed, Outcome } from "./broker.ts";
import type { Update } from "./context.ts";
import { SoftTimeLimitExceeded } from "./errors.ts";
import type { ThreadInfo } from "./wire.ts";

/** Why a running task is asked to stop. */
export type AbortReason = "soft_time_limit" | "revoked" | "stopped";

/** What a pool tells its worker. */
export interface PoolListener {
  /** A task has begun, at this time by `performance.now()`. */
  onBegin(job: Claimed, at: number): void;
  onUpdates(job: Claimed, updates: Update[]): void;
  /** Comes once per run, which took so long, unless it was stopped; the slot is free again. */
  onOutcome(job: Claimed, outcome: Outcome, ms: number): void;
  /** A slot can begin a task whose thread was starting, for so many milliseconds. */
  onReady(ms: number): void;
  /** Nothing can be run any more. */
  onBroken(error: Error): void;
}

export interface Pool {
  readonly kind: "threads" | "async";
  /** A thread is replaced after so many tasks; null where that is not so. */
  readonly maxTasksPerChild: number | null;
  /** How many tasks can run at once, and more while what is surplus still runs. */
  readonly size: number;
  /** How many of these slots cannot begin a task yet, because their thread starts. */
  readonly starting: number;
  /** So many slots can be added at once: making a thread holds up this one for a moment. */
  readonly growsBy: number;
  /** Changes the size. A slot that is in use goes when its task has ended. */
  resize(size: number): void;
  /** Rejects where it cannot run anything. */
  start(listener: PoolListener): Promise<void>;
  /** Takes tasks in: each begins when a slot is free, in this order. */
  run(jobs: Claimed[]): void;
  /** Takes back a task that has not begun; where it has, answers false and has said so before. */
  takeBack(id: string): boolean;
  /** Tells its listener what has begun and ended by now: usually it does so soon. */
  look(): void;
  /** Asks a running task to stop, by its signal. */
  abort(id: string, reason: AbortReason): void;
  /** Stops a running task without asking; its slot is free again and no outcome comes. */
  stop(id: string): void;
  /** The number of the thread that runs a task; null where none of its own does. */
  threadOf(id: string): number | null;
  /** Where a task runs, in the words of `RunningTask.slot`. */
  slotOf(id: string): string;
  /** Its threads, if it has any. */
  threads(): ThreadInfo[];
  /** Names of the tasks that it can run. */
  taskNames(): string[];
  /**
   * Loads task code anew: replaces its threads one after the other, each when its task has ended.
   * Resolves when the new code has been seen to start.
   * @throws {Error} it does not, and the old goes on, or it is being seen to at this moment
   */
  restart(): Promise<void>;
  /** Has its threads give back memory that they do not use; each does it between two tasks. */
  giveBackMemory(): void;
  close(): Promise<void>;
}

/** What a task's signal gives as its reason. */
export function abortError(reason: AbortReason): Error {
  switch (reason) {
    case "soft_time_limit":
      return new SoftTimeLimitExceeded("the soft time limit has passed");
    case "revoked":
      return new DOMException("the task was revoked", "AbortError");
    case "stopped":
      return new DOMException("the run was stopped", "AbortError");
  }
}
