/** What many ask for is done together: at once after a pause, then at most once in so many milliseconds. */
export class Pulse {
  #asked = new Set<() => void>();
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly everyMs: number) {}

  /** Has it done once: when what runs now has ended, or at the end of the pause. It must not throw. */
  ask(work: () => void): void {
    this.#asked.add(work);
    if (this.#pause !== undefined) return;
    this.#begin();
    queueMicrotask(() => this.#beat());
  }

  /** Does what was asked for, and ends the pause. */
  close(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#beat();
  }

  #begin(): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#asked.size === 0) return;
      this.#begin();
      this.#beat();
    }, this.everyMs);
  }

  #beat(): void {
    const asked = this.#asked;
    this.#asked = new Set();
    for (const work of asked) work();
  }
}
