/** What is to be done about a run: it is asked to stop, stopped for its length, or just stopped. */
export type Due = "soft" | "hard" | "stop" | null;

/** When a run has to end. Times are by `performance.now()`, in milliseconds. */
export class TimeLimits {
  #softAt: number;
  readonly #hardAt: number;
  #stopAt = Infinity;

  /** @param limits in seconds; 0 for none */
  constructor(readonly startedAt: number, private readonly limits: { soft: number; hard: number }) {
    const after = (seconds: number) => seconds > 0 ? startedAt + seconds * 1000 : Infinity;
    this.#softAt = after(limits.soft);
    this.#hardAt = after(limits.hard);
  }

  /** The hard limit in seconds. */
  get hard(): number {
    return this.limits.hard;
  }

  /** Whether it is being stopped, so that nothing it says counts any more. */
  get isStopping(): boolean {
    return this.#stopAt !== Infinity;
  }

  /** Has it stopped at this time whatever it does. */
  stopAt(time: number): void {
    this.#stopAt = time;
  }

  /** What is to be done now; that the soft limit has passed is said once. */
  due(now: number): Due {
    if (now >= this.#stopAt) return "stop";
    if (now >= this.#hardAt) return "hard";
    if (now < this.#softAt) return null;
    this.#softAt = Infinity;
    return "soft";
  }
}
