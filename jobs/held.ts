/**
 * The tasks that a worker holds: each is claimed by it, and is waiting for a slot, running in one, or
 * settling, that is, its end has been handed to the outbox and only the answer is missing. One that
 * waits may have begun a moment ago: its pool knows.
 */

import { ChurnMap } from "../lib/churn_map.ts";
import type { Claimed } from "./broker.ts";
import type { TimeLimits } from "./time_limits.ts";

interface Common {
  readonly job: Claimed;
  /** By `performance.now()`. */
  readonly claimedAt: number;
}

export interface Waiting extends Common {
  state: "waiting";
}

export interface Running extends Common {
  state: "running";
  limits: TimeLimits;
  /** What it last said that it is at. */
  stage: string | null;
}

export interface Settling extends Common {
  state: "settling";
  /** Whether it has run. */
  begun: boolean;
}

export type Held = Waiting | Running | Settling;

export class HeldTasks {
  /** By task id, first come first. */
  readonly #all = new ChurnMap<string, Held>();
  #waiting = 0;
  #running = 0;

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  has(id: string): boolean {
    return this.#all.has(id);
  }

  /** What is held of a task, under this token if one is given. */
  get(id: string, token?: number): Held | undefined {
    const held = this.#all.get(id);
    return token === undefined || held?.job.token === token ? held : undefined;
  }

  /** A run of a task under this token. */
  run(id: string, token: number): Running | undefined {
    const held = this.get(id, token);
    return held?.state === "running" ? held : undefined;
  }

  runs(): Running[] {
    return [...this.#all.values()].filter((held) => held.state === "running");
  }

  settling(): Settling[] {
    return [...this.#all.values()].filter((held) => held.state === "settling");
  }

  /** The tokens of those that have not ended. */
  tokens(): Map<string, number> {
    const open = this.#all.values().filter(({ state }) => state !== "settling");
    return new Map(open.map(({ job }) => [job.id, job.token]));
  }

  /** Has a task wait for a slot that was claimed at this time by `performance.now()`. */
  add(job: Claimed, claimedAt: number): Waiting {
    const waiting: Waiting = { job, claimedAt, state: "waiting" };
    this.#all.set(job.id, waiting);
    this.#waiting++;
    return waiting;
  }

  /** The one that has waited longest. */
  oldest(): Waiting | undefined {
    if (this.#waiting === 0) return undefined;
    return this.#all.values().find((held) => held.state === "waiting");
  }

  /** Those that wait, the first first. */
  waits(): Waiting[] {
    return [...this.#all.values().filter((held) => held.state === "waiting")];
  }

  /** Marks one that waited as running. */
  begin(waiting: Waiting, limits: TimeLimits): void {
    const { job, claimedAt } = waiting;
    this.#leave(waiting);
    this.#all.set(job.id, { job, claimedAt, state: "running", limits, stage: null });
    this.#running++;
  }

  settle(held: Held): void {
    const { job, claimedAt, state } = this.#leave(held);
    this.#all.set(job.id, { job, claimedAt, state: "settling", begun: state === "running" });
  }

  /** Lets go of one that is settled, or not this worker's any more. */
  drop(held: Held): void {
    this.#leave(held);
    this.#all.delete(held.job.id);
  }

  #leave(held: Held): Held {
    if (held.state === "running") this.#running--;
    if (held.state === "waiting") this.#waiting--;
    return held;
  }
}
