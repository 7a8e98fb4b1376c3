/** What a worker has to be told. */

import type { Duty } from "../lib/ticker.ts";
import type { Bounds } from "./autoscaler.ts";

/** No worker runs more tasks at once, */
export const MAX_CONCURRENCY = 10_000;
/** nor is told to take from more queues. */
export const MAX_QUEUES = 100;

export interface WorkerOptions {
  /** Unique among the live workers. */
  name: string;
  hostname: string;
  version: string;
  /** In the order of their importance. */
  queues: string[];
  /** How many tasks run at once, at most and at least; the pool has the least number of slots. */
  concurrency: Bounds;
  /** Slots above the least that nothing needed for so long are given up. */
  autoscaleKeepMs: number;
  /** Claim ahead up to this many times the number of slots while tasks are short; 1 for never. */
  prefetchMultiplier: number;
  /** Seconds for tasks that set none; 0 for no limit. */
  timeLimit: number;
  /** Seconds for tasks that set none; 0 for no limit. */
  softTimeLimit: number;
  /** How long running tasks may go on after `stop`. */
  graceMs: number;
  /** The lease that the broker gives; it is renewed five times in this time. */
  leaseMs: number;
  /** What it does now and then besides its own. */
  duties?: Duty[];
}
