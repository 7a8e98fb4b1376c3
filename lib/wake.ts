import { MAX_TIMER_MS } from "./timers.ts";

/** A bell to wait for. A ring that nobody waits for is kept, so that none is lost. */
export class Wake {
  #rung = false;
  #answer: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#answer?.();
  }

  /** Waits for a ring, at most so long; answers whether it rang. One waiter at a time. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#answer = resolve;
      const timer = setTimeout(resolve, Math.min(timeoutMs, MAX_TIMER_MS));
      await promise;
      clearTimeout(timer);
      this.#answer = undefined;
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
