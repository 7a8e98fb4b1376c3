/** Telling of a broker that is away: one line when it goes and one when it is back, for all who ask it. */

import { getLogger } from "@logtape/logtape";

/** What has not been heard of for so long is over. */
const CALM_MS = 5000;

const log = getLogger(["taskapp", "broker"]);

export class Outage {
  #kind: string | undefined;
  #calm: ReturnType<typeof setTimeout> | undefined;

  /** @param broker what a line begins with */
  constructor(private readonly broker: string) {}

  /** Whether one has been told of that is not over. */
  get told(): boolean {
    return this.#kind !== undefined;
  }

  /**
   * It has begun, or goes on.
   * @param kind the same for as long as there is nothing new to say
   * @param what completes the sentence
   */
  tell(kind: string, what: string): void {
    clearTimeout(this.#calm);
    if (this.#kind !== kind) log.warn(`${this.broker} ${what}; trying again`);
    this.#kind = kind;
  }

  /** The same of a call that failed while others may not: over when none has failed for a while. */
  tellOfCall(kind: string, what: string): void {
    this.tell(kind, what);
    this.#calm = setTimeout(() => this.over(), CALM_MS);
  }

  over(): void {
    clearTimeout(this.#calm);
    if (this.told) log.info(`${this.broker} is back`);
    this.#kind = undefined;
  }

  /** Says nothing more. */
  close(): void {
    clearTimeout(this.#calm);
  }
}
