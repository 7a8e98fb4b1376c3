/**
 * What the main thread and a worker thread say to each other. Task code, or a library that takes the
 * thread for its own, may post things too, so ours are in an envelope.
 */

import type { Claimed, Outcome } from "./broker.ts";
import type { Update } from "./context.ts";
import type { AbortReason } from "./pool.ts";
import type { TaskError } from "./wire.ts";

/** What a thread is told at its start. */
export interface ThreadData {
  /** MiB that it should keep at most when a task has ended. */
  maxMemoryPerChild: number;
}

/** From the main thread. */
export type ToThread = { run: Claimed } | { abort: AbortReason } | { giveBackMemory: true };

/** To the main thread. After `crash` or `outOfMemory` the thread is not to be used again. */
export type FromThread =
  | { ready: { tasks: string[] } }
  | { updates: Update[] }
  /** `usedMiB`: memory, garbage included; `keptMiB`: more of it than it should keep; null if that is not so. */
  | { outcome: Outcome; usedMiB: number; keptMiB: number | null }
  | { crash: TaskError }
  | { outOfMemory: true };

interface Envelope<T> {
  taskapp: T;
}

export function seal<T extends ToThread | FromThread>(message: T): Envelope<T> {
  return { taskapp: message };
}

/** Takes a message out of its envelope; undefined if it is none of ours. */
export function open<T extends ToThread | FromThread>(posted: unknown): T | undefined {
  if (typeof posted !== "object" || posted === null || !("taskapp" in posted)) return undefined;
  return (posted as Envelope<T>).taskapp;
}
