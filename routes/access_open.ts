/** Sockets and streams that are open, and end when those who opened them lose the right to. */

import { getLogger } from "@logtape/logtape";
import type { Directory } from "../jobs/access_directory.ts";
import { isStillRight, type Principal } from "./access_principal.ts";

const LOOK_EVERY_MS = 2000;

const log = getLogger(["taskapp", "access"]);

interface Held {
  principal: Principal;
  end: () => void;
}

export class OpenConnections {
  readonly #held = new Set<Held>();
  #looking: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly directory: Directory) {}

  /**
   * Watches one until it is let go.
   * @param end called when it must end
   * @returns call it when it has ended
   */
  hold(principal: Principal, end: () => void): () => void {
    if (principal.account === null) return () => {};
    const held = { principal, end };
    this.#held.add(held);
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    return () => {
      this.#held.delete(held);
      if (this.#held.size === 0) this.close();
    };
  }

  /** Ends those of one session. */
  endSession(session: string): void {
    this.#end((principal) => principal.session === session);
  }

  /** Ends those that have lost their right by what is known now. */
  endOthers(): void {
    this.#end((principal) => !isStillRight(principal, this.directory));
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  async #look(): Promise<void> {
    try {
      await this.directory.fresh();
    } catch (error) {
      log.error("Who may come in cannot be read: {error}", { error });
    }
    this.endOthers();
  }

  #end(which: (principal: Principal) => boolean): void {
    for (const { principal, end } of [...this.#held]) if (which(principal)) end();
  }
}
