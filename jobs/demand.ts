/** How many tasks to claim: one per free slot, and more while tasks are short. */

import { Average } from "../lib/average.ts";
import type { Claimed } from "./broker.ts";

/** Tasks that take less on average are claimed ahead of free slots, */
const SHORT_TASK_MS = 20;
/** and if they are very short, so many that all slots have something to do for so long, */
const AHEAD_MS = 5;
/** up to this many times the prefetch multiplier. */
const AHEAD_TASKS = 128;
/** but never more than this: a pool of threads has room for no more (thread_queue.ts). */
const MAX_AHEAD = 10_000;
/** In one call: a bound on how long it holds the broker. */
const MAX_CLAIM = 1000;

export class Demand {
  /** Whether the queues may hold more than was claimed last. */
  more = true;
  readonly #runMs = new Average();
  /** Whether what was claimed last had been handed out before. */
  #isSuspect = false;

  /** @param prefetchMultiplier claim up to this many times the number of slots; 1 for never ahead */
  constructor(private readonly prefetchMultiplier: number) {}

  noteRun(ms: number): void {
    this.#runMs.add(ms);
  }

  /** Tasks are not as short as they seemed. */
  noteWait(): void {
    this.#runMs.forget();
  }

  /**
   * @param limit how many may run at once, now
   * @param held how many run or wait here
   */
  want(limit: number, held: number): number {
    if (!this.more || limit <= 0) return 0;
    const ahead = this.#isSuspect ? 0 : this.#ahead(limit);
    // Refill in halves: a claim per finished task would cost a round trip each.
    if (held >= limit && held - limit > ahead / 2) return 0;
    return Math.min(MAX_CLAIM, Math.max(0, limit + ahead - held));
  }

  /**
   * Looks at what was claimed. A task that was handed out before may be one that takes its worker down
   * with it, and those that wait beside it then count as lost too: so none is to wait behind it.
   * @param room how many can begin at once
   * @returns how many of them to keep
   */
  accept(jobs: Claimed[], room: number): number {
    this.#isSuspect = jobs.some(({ token, attempt }) => token > attempt);
    return this.#isSuspect ? Math.max(1, room) : jobs.length;
  }

  #ahead(limit: number): number {
    const times = this.prefetchMultiplier - 1;
    if (this.#runMs.value >= SHORT_TASK_MS) return 0;
    const inTime = Math.floor(limit * AHEAD_MS / this.#runMs.value);
    return Math.min(MAX_AHEAD, Math.max(limit * times, Math.min(AHEAD_TASKS * times, inTime)));
  }
}
