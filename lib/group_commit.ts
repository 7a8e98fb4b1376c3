/**
 * Calls that come in one turn of the event loop, or while others are under way, go together: none waits for
 * more to come, and the busier it gets, the fewer the round trips. Where many come, two groups take turns: one is
 * made here while the store looks after the other.
 */

import { nextTick } from "node:process";

/** So many calls do not wait for the group before them. */
const MANY = 8;

interface Call<Item, Answer> {
  items: Item[];
  resolve(answers: Answer[]): void;
  reject(error: unknown): void;
}

export class GroupCommit<Item, Answer> {
  #waiting: Call<Item, Answer>[] = [];
  /** How many groups are under way. */
  #running = 0;
  /** Whether one more begins at the end of this turn. */
  #beginning = false;

  /**
   * @param commit takes items of one or more calls and answers one for each, in order
   * @param weigh what an item counts for
   * @param maxWeight no more is put together; a single call may bring more
   */
  constructor(
    private readonly commit: (items: Item[]) => Promise<Answer[]>,
    private readonly weigh: (item: Item) => number,
    private readonly maxWeight: number,
  ) {}

  /** Commits items; calls that went together fail together. */
  submit(items: Item[]): Promise<Answer[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#beginning || this.#running > 1) return;
    if (this.#waiting.length < (this.#running === 0 ? 1 : MANY)) return;
    this.#beginning = true;
    nextTick(() => this.#run()); // comes after all that can go on now: who was answered may call again
  }

  async #run(): Promise<void> {
    this.#beginning = false;
    this.#running++;
    const calls = this.#take();
    try {
      const answers = await this.commit(calls.flatMap(({ items }) => items));
      let first = 0;
      for (const { items, resolve } of calls) {
        resolve(answers.slice(first, first += items.length));
      }
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
    this.#running--;
    this.#begin();
  }

  #take(): Call<Item, Answer>[] {
    let weight = 0;
    const end = this.#waiting.findIndex(({ items }) => {
      for (const item of items) weight += this.weigh(item);
      return weight > this.maxWeight;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(1, end));
  }
}
