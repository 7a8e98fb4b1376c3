/**
 * How many tasks a worker runs at once, between two bounds, by what it sees: where every slot has been
 * busy for a while and more tasks wait, it allows twice as many; what has not been needed for long, it
 * takes back. A pool of fixed size has equal bounds.
 */

export interface Bounds {
  max: number;
  min: number;
}

/** What a worker sees at a moment. */
export interface Load {
  running: number;
  /** Whether tasks wait, here or, as far as the last claim told, in the queues. */
  more: boolean;
}

/** So often in a row must all slots be found busy: not every burst is worth a thread. */
const PRESSED_TICKS = 2;

export class Autoscaler {
  #bounds: Bounds;
  /** How many tasks may run at once now. */
  #limit: number;
  #pressed = 0;
  /** The most that have run at once since `#since`. */
  #peak = 0;
  #since = 0;

  /** @param keepMs slots that nothing needed for so long go */
  constructor(bounds: Bounds, private readonly keepMs: number) {
    this.#bounds = bounds;
    this.#limit = bounds.min;
  }

  get bounds(): Bounds {
    return this.#bounds;
  }

  set bounds(bounds: Bounds) {
    this.#bounds = bounds;
    this.#limit = Math.min(bounds.max, Math.max(bounds.min, this.#limit));
  }

  get limit(): number {
    return this.#limit;
  }

  /** Notes how many run at once; what came and went between two looks counts too. */
  note(running: number): void {
    this.#peak = Math.max(this.#peak, running);
  }

  /**
   * Looks at the load, several times a second.
   * @param now in milliseconds, on any clock that runs forward
   * @returns whether the limit has changed
   */
  look(now: number, { running, more }: Load): boolean {
    this.note(running);
    this.#pressed = running >= this.#limit && more ? this.#pressed + 1 : 0;
    if (this.#pressed >= PRESSED_TICKS && this.#limit < this.#bounds.max) {
      this.#pressed = 0;
      return this.#set(now, this.#limit * 2, running);
    }
    if (now - this.#since < this.keepMs) return false;
    return this.#set(now, this.#peak, running);
  }

  #set(now: number, wanted: number, running: number): boolean {
    const before = this.#limit;
    this.#limit = Math.min(this.#bounds.max, Math.max(this.#bounds.min, wanted));
    this.#since = now;
    this.#peak = running;
    return this.#limit !== before;
  }
}
