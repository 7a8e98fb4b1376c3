/**
 * Waits with a bound that hardly ever end by it. One timer looks after all of them: one for each would cost
 * a server more than the rest of a short request.
 */

/** How late a wait may end. */
const LOOK_EVERY_MS = 250;

export class Deadlines {
  readonly #waits = new Map<() => void, number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * Begins a wait.
   * @param ms after this, or up to LOOK_EVERY_MS later, `late` is called
   * @returns ends the wait
   */
  begin(ms: number, late: () => void): () => void {
    this.#waits.set(late, performance.now() + ms);
    // It goes on for a moment after the last wait: the next one is near where there are many.
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    return () => {
      this.#waits.delete(late);
    };
  }

  /** Ends the timer at once where nobody waits. */
  rest(): void {
    if (this.#waits.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    for (const [late, until] of this.#waits) {
      if (until > now) continue;
      this.#waits.delete(late);
      late();
    }
    this.rest();
  }
}
