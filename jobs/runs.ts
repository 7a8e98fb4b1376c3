/**
 * What becomes of the tasks that a worker has claimed: each waits for a slot, is run by the pool and
 * settled, or is handed back, stopped, or let go of because it is not this worker's any more.
 */

import { getLogger } from "@logtape/logtape";
import type { Broker, Claimed, Outcome, Settlement } from "./broker.ts";
import type { Update } from "./context.ts";
import { overTime, unfinished } from "./endings.ts";
import { type Held, HeldTasks, type Running, type Waiting } from "./held.ts";
import { Outbox } from "./outbox.ts";
import type { Pool } from "./pool.ts";
import { logEnd, logStart } from "./task_log.ts";
import { TimeLimits } from "./time_limits.ts";
import type { WorkerOptions } from "./worker_options.ts";

/** A revoked task may clean up for this long before it is stopped. */
const REVOKE_GRACE_MS = 500;

const log = getLogger(["taskapp", "worker"]);

export interface RunsListener {
  /** A run has come to an end of its own, after so many milliseconds. */
  onRun(ms: number): void;
  /** A run has ended, of its own or by its time limit. */
  onEnd(outcome: Outcome): void;
  /** A slot is free again. */
  onSlotFreed(): void;
  /** The broker has answered a settlement. */
  onSettled(): void;
  onBrokerError(error: unknown): void;
}

export class Runs {
  readonly #held = new HeldTasks();
  readonly #outbox: Outbox;

  constructor(
    broker: Broker,
    private readonly pool: Pool,
    private readonly options: WorkerOptions,
    private readonly listener: RunsListener,
  ) {
    this.#outbox = new Outbox(broker, options.name, {
      onSettled: (...answer) => this.#onSettled(...answer),
      onRefused: (id, token) => this.onLost(id, token),
      onError: (error) => listener.onBrokerError(error),
    });
  }

  /** The tasks, to look at. */
  get held(): Omit<HeldTasks, "add" | "begin" | "settle" | "drop"> {
    return this.#held;
  }

  /** Whether there is more to tell the broker than there ever should be. */
  get isOutboxFull(): boolean {
    return this.#outbox.isFull;
  }

  /** Takes on tasks that were claimed: each begins as soon as there is a slot for it. */
  hold(jobs: Claimed[]): void {
    const now = performance.now();
    for (const job of jobs) this.#takeOn(job, now);
    this.pool.run(jobs);
  }

  /** Hands back at once what was claimed. */
  decline(jobs: Claimed[]): void {
    const now = performance.now();
    for (const job of jobs.toReversed()) {
      this.#settle(this.#takeOn(job, now), { state: "PENDING" });
    }
  }

  onBegin(job: Claimed, at: number): void {
    const held = this.#held.get(job.id, job.token);
    if (held?.state !== "waiting") return;
    this.#held.begin(held, this.#limitsOf(job, at));
    logStart(job);
  }

  onUpdates({ id, token }: Claimed, updates: Update[]): void {
    const run = this.#held.run(id, token);
    if (!run) return;
    run.stage = updates.findLast(({ progress }) => progress?.stage)?.progress?.stage ?? run.stage;
    this.#outbox.report(updates.map((update) => ({ id, token, ...update })));
  }

  onOutcome(job: Claimed, outcome: Outcome, ms: number): void {
    const run = this.#held.run(job.id, job.token);
    if (!run) return;
    if (run.limits.isStopping) {
      this.#held.drop(run);
    } else {
      this.listener.onRun(ms);
      this.#end(run, outcome, ms);
    }
    this.listener.onSlotFreed();
  }

  onRevoked(id: string, token: number): void {
    const run = this.#takenAway(id, token);
    if (!run) return;
    log.info("Task {name}[{id}] revoked", { name: run.job.name, id });
    this.#abandon(run);
  }

  /** The broker says that a task is not this worker's any more: nothing it does can count. */
  onLost(id: string, token: number): void {
    const run = this.#takenAway(id, token);
    if (!run) return;
    log.warn("Task {name}[{id}] is no longer this worker's: stopping it", {
      name: run.job.name,
      id,
    });
    this.#abandon(run);
  }

  /** Hands back what the broker says that this worker holds, and which it never heard of. */
  handBackUnheard(claims: { id: string; token: number }[]): void {
    for (const claim of claims) this.#outbox.settle({ ...claim, outcome: { state: "PENDING" } });
  }

  /** Hands back what waits for a slot, all of it or what is said; answers how many. */
  handBackWaiting(which: (job: Claimed) => boolean = () => true): number {
    const waiting = this.#held.waits().filter(({ job }) =>
      which(job) && this.pool.takeBack(job.id)
    );
    // Each goes to the front of its queue, so the last is handed back first.
    for (const each of waiting.toReversed()) this.#settle(each, { state: "PENDING" });
    return waiting.length;
  }

  /** Gives up what runs: it goes back, or ends if it may not run twice. */
  giveUp(): void {
    const rest = this.#held.runs().filter(({ limits }) => !limits.isStopping);
    if (rest.length > 0) log.warn(`${rest.length} unfinished task(s) go back, or end if they must`);
    for (const run of rest.reverse()) this.#settle(run, unfinished(run.job));
  }

  /** Asks or stops those whose time is over. */
  enforceLimits(now: number): void {
    for (const run of this.#held.runs()) this.#enforce(run, now);
  }

  /** Resolves when the broker has been told of all ends, or after so long. */
  close(timeoutMs: number): Promise<void> {
    return this.#outbox.close(timeoutMs);
  }

  #takeOn(job: Claimed, now: number): Waiting {
    // Lost, given back, and claimed again before the loss was noticed: the old run counts no more.
    const old = this.#present(job.id);
    if (old) this.#stopRun(old);
    return this.#held.add(job, now);
  }

  #limitsOf(job: Claimed, startedAt: number): TimeLimits {
    return new TimeLimits(startedAt, {
      soft: job.softTimeLimit ?? this.options.softTimeLimit,
      hard: job.timeLimit ?? this.options.timeLimit,
    });
  }

  #enforce(run: Running, now: number): void {
    const { job, limits } = run;
    switch (limits.due(now)) {
      case "soft":
        return this.pool.abort(job.id, "soft_time_limit");
      case "stop":
        return this.#stopRun(run);
      case "hard":
        this.pool.stop(job.id);
        this.#end(run, overTime(limits.hard), now - limits.startedAt);
        this.listener.onSlotFreed();
    }
  }

  #end(run: Running, outcome: Outcome, ms: number): void {
    this.listener.onEnd(outcome);
    logEnd(run.job, outcome, ms);
    this.#settle(run, outcome);
  }

  #settle(held: Held, outcome: Outcome): void {
    this.#held.settle(held);
    this.#outbox.settle({ id: held.job.id, token: held.job.token, outcome });
  }

  /** What is held of a task, under this token if one is given: what waits is let go of. */
  #present(id: string, token?: number): Held | undefined {
    const held = this.#held.get(id, token);
    if (held?.state !== "waiting") return held;
    // It may have begun a moment ago, and then the pool has said so by now.
    if (!this.pool.takeBack(id)) return this.#held.get(id, token);
    this.#held.drop(held);
  }

  /** Lets go of a task that waits; answers its run if it runs and is not being stopped. */
  #takenAway(id: string, token: number): Running | undefined {
    const held = this.#present(id, token);
    return held?.state === "running" && !held.limits.isStopping ? held : undefined;
  }

  /** Lets go of a task that is not this worker's any more, and stops its run. */
  #stopRun(held: Held): void {
    if (held.state === "running") this.pool.stop(held.job.id);
    this.#held.drop(held);
    this.listener.onSlotFreed();
  }

  #abandon({ job, limits }: Running): void {
    this.pool.abort(job.id, "revoked");
    limits.stopAt(performance.now() + REVOKE_GRACE_MS);
  }

  #onSettled({ id, token, outcome }: Settlement, accepted: boolean, again: boolean): void {
    const held = this.#held.get(id, token);
    if (held) this.#held.drop(held);
    if (!accepted && !again) {
      log.warn("Task {id}: {state} was refused, it is no longer this worker's", {
        id,
        state: outcome.state,
      });
    }
    this.listener.onSettled();
  }
}
