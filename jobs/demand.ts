/** How many tasks to claim: one per free slot, and more while tasks are short. */

/** Tasks that take less on average are claimed ahead of free slots. */
const SHORT_TASK_MS = 20;
/** In one call: a bound on how long it holds the broker. */
const MAX_CLAIM = 1000;
/** Of a new run in the average. */
const WEIGHT = 0.2;

export class Demand {
  /** Whether the queues may hold more than was claimed last. */
  more = true;
  #averageMs = Infinity;

  /** @param prefetchMultiplier claim up to this many times the number of slots; 1 for never ahead */
  constructor(private readonly prefetchMultiplier: number) {}

  noteRun(ms: number): void {
    const average = this.#averageMs;
    this.#averageMs = average === Infinity ? ms : average * (1 - WEIGHT) + ms * WEIGHT;
  }

  /** Tasks are not as short as they seemed. */
  noteWait(): void {
    this.#averageMs = Infinity;
  }

  /** @param limit how many may run at once */
  want(limit: number, { running, waiting }: { running: number; waiting: number }): number {
    if (!this.more) return 0;
    const short = this.#averageMs < SHORT_TASK_MS;
    const ahead = short ? limit * (this.prefetchMultiplier - 1) : 0;
    // Refill in halves: a claim per finished task would cost a round trip each.
    if (running >= limit && waiting > ahead / 2) return 0;
    return Math.min(MAX_CLAIM, Math.max(0, limit - running + ahead - waiting));
  }
}
