/** Periodic duties: each runs on its own beat, never twice at once, and outlives its failures. */

import { getLogger } from "@logtape/logtape";
import { inStep } from "./timers.ts";

export interface Duty {
  name: string;
  /** Milliseconds from the end of one run to the start of the next, at most: see `inStep`. */
  everyMs: number;
  /** May answer how many milliseconds the next run can wait, if that is less. */
  run(): Promise<number | null | void>;
}

const log = getLogger(["taskapp", "duties"]);

export class Ticker {
  readonly #loops = new Map<string, Loop>();

  constructor(duties: Duty[]) {
    for (const duty of duties) this.#loops.set(duty.name, new Loop(duty));
  }

  start(): void {
    for (const loop of this.#loops.values()) loop.start();
  }

  /** Runs a duty now, or once more if it is running. */
  kick(name: string): void {
    this.#loops.get(name)?.kick();
  }

  /** No duty starts after this; resolves when those under way have ended. */
  async stop(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
  }
}

class Loop {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = true;
  #failing = false;

  constructor(private readonly duty: Duty) {}

  start(): void {
    this.#stopped = false;
    this.kick();
  }

  kick(): void {
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { name, everyMs } = this.duty;
    let soonest: number | null | void = null;
    try {
      await null; // so that what throws at once is caught after `kick` has noted this run
      soonest = await this.duty.run();
      this.#failing = false;
    } catch (error) {
      // Said once per outage, not once per beat.
      if (!this.#failing) log.warn(`${name} failed, trying again: ${error}`);
      this.#failing = true;
    }
    this.#running = undefined;
    if (this.#stopped) return;
    const wait = Math.min(inStep(everyMs), soonest ?? everyMs);
    this.#timer = setTimeout(() => this.kick(), this.#again ? 0 : wait);
    this.#again = false;
  }
}
