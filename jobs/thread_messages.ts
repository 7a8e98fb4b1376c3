/**
 * What the main thread and a worker thread say to each other, besides what they share (thread_queue.ts,
 * thread_status.ts). Task code, or a library that takes the thread for its own, may post things too, so
 * ours are in an envelope.
 */

import type { Outcome } from "./broker.ts";
import type { Update, Work } from "./context.ts";
import type { AbortReason } from "./pool.ts";
import type { SharedQueue } from "./thread_queue.ts";
import type { TaskError } from "./wire.ts";

/** What a thread is told at its start. */
export interface ThreadData {
  /** No other thread of its pool has or had this number. */
  number: number;
  queue: SharedQueue;
  /** Its `ThreadStatus`. */
  status: SharedArrayBuffer;
  /** It takes no more tasks after so many. */
  maxTasksPerChild: number;
  /** MiB: it takes no more tasks when it keeps more after one. */
  maxMemoryPerChild: number;
}

/** From the main thread. */
export type ToThread =
  | { wake: true }
  | { giveBackMemory: true }
  /** A task by its id: by now another may be in its cell. */
  | { abort: AbortReason; id: string }
  /** Answers `fetch`. */
  | { work: Work };

/** To the main thread. Tasks are named by their cells. */
export type FromThread =
  | { ready: { tasks: string[] } }
  /** There are outcomes in the queue. */
  | { ring: true }
  | { updates: Update[]; cell: number }
  /** It waits for `wake` after this. */
  | { outcome: Outcome; cell: number; ms: number }
  /** Asks for a task that is too long for its cell. */
  | { fetch: number }
  /** It has begun the last task that it takes. */
  | { last: true }
  /** It takes no more tasks, because it keeps too much where that is said. */
  | { parked: Kept | null }
  /** It is not to be used again. */
  | { crash: TaskError }
  | { outOfMemory: true };

/** What a thread keeps, and the task that it ran last. */
export interface Kept {
  mib: number;
  name: string;
  id: string;
}

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
