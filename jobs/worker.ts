/**
 * A worker: takes tasks from the broker, has a pool run them, and says how they ended. It never runs
 * task code on its own account and never waits for it, so a lease is renewed whatever tasks do.
 *
 * Invariant: every task in `#held` is claimed by this worker, and is waiting for a slot, running in
 * one, or settling, that is, its end has been handed to the outbox and only the answer is missing.
 */

import { getLogger } from "@logtape/logtape";
import { type Duty, Ticker } from "../lib/ticker.ts";
import { Wake } from "../lib/wake.ts";
import {
  type Broker,
  BrokerUnavailableError,
  type Claimed,
  type Outcome,
  type Settlement,
  type WorkerBeat,
} from "./broker.ts";
import { brokerDuty } from "./broker_duty.ts";
import type { Update } from "./context.ts";
import { Outbox } from "./outbox.ts";
import type { Pool } from "./pool.ts";
import { upkeep } from "./upkeep.ts";

/** Bounds what a lost wake-up costs. */
const POLL_EVERY_MS = 1000;
const HEARTBEAT_EVERY_MS = 2000;
/** How exactly time limits are kept. */
const LIMITS_EVERY_MS = 100;
/** After an error of the broker. */
const RETRY_CLAIM_MS = 500;
/** A revoked task may clean up for this long before it is stopped. */
const REVOKE_GRACE_MS = 500;
/** Tasks that take less on average are claimed ahead of free slots. */
const SHORT_TASK_MS = 20;
/** A task that was claimed ahead and waits longer for its slot goes back: another may have one. */
const MAX_AHEAD_MS = 250;
/** How long a stopping worker tries to tell the broker. */
const FAREWELL_MS = 5000;

const log = getLogger(["taskapp", "worker"]);

export interface WorkerOptions {
  /** Unique among the live workers. */
  name: string;
  hostname: string;
  version: string;
  /** In the order of their importance. */
  queues: string[];
  /** Claim ahead up to this many times the pool's size while tasks are short; 1 for never. */
  prefetchMultiplier: number;
  /** Seconds for tasks that set none; 0 for no limit. */
  timeLimit: number;
  /** Seconds for tasks that set none; 0 for no limit. */
  softTimeLimit: number;
  /** How long running tasks may go on after `stop`. */
  graceMs: number;
}

interface Held {
  job: Claimed;
  state: "waiting" | "running" | "settling";
  /** Times by `performance.now()`; Infinity for never. */
  since: number;
  softAt: number;
  hardAt: number;
  /** Set when it was revoked. */
  stopAt: number;
}

export class Worker {
  readonly #held = new Map<string, Held>();
  /** Those of `#held` that wait for a slot, first come first. */
  readonly #waiting: Held[] = [];
  /** How many of `#held` are running. */
  #running = 0;
  readonly #wake = new Wake();
  readonly #outbox: Outbox;
  readonly #ticker: Ticker;
  readonly #startedAt = new Date().toISOString();
  /** Whether the queues may hold more than was claimed last. */
  #more = true;
  #averageMs = Infinity;
  #processed = 0;
  /** Held by the broker's account only, as of the last heartbeat. */
  #unknown = new Set<string>();
  #stopping: "no" | "drain" | "now" = "no";
  #failing = false;
  #broken: Error | undefined;
  readonly #stopped = new Wake();

  constructor(
    private readonly broker: Broker,
    private readonly pool: Pool,
    private readonly options: WorkerOptions,
  ) {
    this.#outbox = new Outbox(broker, options.name, {
      onSettled: (settlement, accepted) => this.#onSettled(settlement, accepted),
      onRefused: (id, token) => this.#onLost(id, token),
      onError: (error) => this.#onBrokerError(error),
    });
    this.#ticker = new Ticker(this.#duties());
  }

  /**
   * Works until `stop` is called and all is handed over.
   * @throws {Error} the pool cannot run anything
   */
  async run(): Promise<void> {
    const { broker, options: { name } } = this;
    await this.pool.start({
      onUpdates: (job, updates) => this.#onUpdates(job, updates),
      onOutcome: (job, outcome) => this.#onOutcome(job, outcome),
      onBroken: (error) => {
        this.#broken = error;
        this.stop();
        this.stop();
      },
    });
    const attendance = await this.#untilAnswered(() =>
      broker.attend(name, {
        onReady: (queue) => this.#onReady(queue),
        onSchedule: () => this.#ticker.kick("promote"),
        onRevoked: (id, token) => this.#onRevoked(id, token),
        onReconnected: () => this.#ticker.kick("heartbeat"),
      })
    );
    this.#ticker.start();
    while (this.#stopping === "no") await this.#claim();
    await this.#shutDown();
    await attendance?.close().catch(() => {});
    if (this.#broken) throw this.#broken;
  }

  /** Stops claiming and lets running tasks finish; called again, hands them back at once. */
  stop(): void {
    this.#stopping = this.#stopping === "no" ? "drain" : "now";
    this.#wake.ring();
    this.#stopped.ring();
  }

  #duties(): Duty[] {
    const { broker } = this;
    return [
      brokerDuty("heartbeat", HEARTBEAT_EVERY_MS, () => this.#heartbeat()),
      { name: "limits", everyMs: LIMITS_EVERY_MS, run: () => Promise.resolve(this.#limits()) },
      ...upkeep(broker),
    ];
  }

  async #claim(): Promise<void> {
    const want = this.#more ? this.#room() : 0;
    if (want === 0) {
      const rung = await this.#wake.wait(POLL_EVERY_MS);
      if (!rung) this.#more = true;
      return;
    }
    this.#more = false; // a wake-up while the claim is under way sets it again
    try {
      const jobs = await this.broker.claim(this.options.name, this.options.queues, want);
      this.#failing = false;
      if (jobs.length === want) this.#more = true;
      for (const job of jobs) this.#hold(job);
      this.#dispatch();
    } catch (error) {
      this.#onBrokerError(error);
      this.#more = true;
      await this.#stopped.wait(RETRY_CLAIM_MS);
    }
  }

  /** How many tasks to claim: one per free slot, and more while tasks are short. */
  #room(): number {
    const { size } = this.pool;
    const running = this.#running;
    const waiting = this.#waiting.length;
    const short = this.#averageMs < SHORT_TASK_MS;
    const ahead = short ? size * (this.options.prefetchMultiplier - 1) : 0;
    // Refill in halves: a claim per finished task would cost a round trip each.
    if (running === size && waiting > ahead / 2) return 0;
    return Math.max(0, size - running + ahead - waiting);
  }

  #hold(job: Claimed): void {
    const held: Held = {
      job,
      state: "waiting",
      since: performance.now(),
      softAt: Infinity,
      hardAt: Infinity,
      stopAt: Infinity,
    };
    // Lost, given back, and claimed again before the loss was noticed: the old run counts no more.
    const old = this.#held.get(job.id);
    if (old) this.#stopRun(old, null);
    this.#held.set(job.id, held);
    this.#waiting.push(held);
  }

  #dispatch(): void {
    while (this.#running < this.pool.size) {
      const held = this.#waiting.shift();
      if (!held) return;
      this.#start(held);
    }
  }

  #start(held: Held): void {
    const { job } = held;
    const { timeLimit, softTimeLimit } = this.options;
    const now = performance.now();
    const after = (seconds: number) => seconds > 0 ? now + seconds * 1000 : Infinity;
    held.state = "running";
    this.#running++;
    held.since = now;
    held.softAt = after(job.softTimeLimit ?? softTimeLimit);
    held.hardAt = after(job.timeLimit ?? timeLimit);
    log.info("Task {name}[{id}] started", { name: job.name, id: job.id, attempt: job.attempt });
    this.pool.run(job);
  }

  #onReady(queue: string | undefined): void {
    if (queue !== undefined && !this.options.queues.includes(queue)) return;
    this.#more = true;
    this.#wake.ring();
  }

  #onUpdates({ id, token }: Claimed, updates: Update[]): void {
    if (this.#held.get(id)?.state !== "running") return;
    this.#outbox.report(updates.map((update) => ({ id, token, ...update })));
  }

  #onOutcome(job: Claimed, outcome: Outcome): void {
    const held = this.#held.get(job.id);
    if (held?.state !== "running" || held.job.token !== job.token) return;
    if (held.stopAt !== Infinity) {
      this.#drop(held);
    } else {
      const ms = performance.now() - held.since;
      this.#averageMs = this.#averageMs === Infinity ? ms : this.#averageMs * 0.8 + ms * 0.2;
      this.#processed++;
      this.#logEnd(job, outcome, ms / 1000);
      this.#settle(held, outcome);
    }
    this.#slotFreed();
  }

  #settle(held: Held, outcome: Outcome): void {
    if (held.state === "running") this.#running--;
    held.state = "settling";
    this.#outbox.settle({ id: held.job.id, token: held.job.token, outcome });
  }

  /** Lets go of a task that is not this worker's any more. */
  #drop(held: Held): void {
    if (held.state === "running") this.#running--;
    if (held.state === "waiting") this.#waiting.splice(this.#waiting.indexOf(held), 1);
    this.#held.delete(held.job.id);
  }

  /** Ends a run from outside and frees its slot; without an outcome nothing is settled. */
  #stopRun(held: Held, outcome: Outcome | null): void {
    if (held.state === "running") this.pool.stop(held.job.id);
    if (outcome) this.#settle(held, outcome);
    else this.#drop(held);
    this.#slotFreed();
  }

  #slotFreed(): void {
    this.#dispatch();
    this.#wake.ring();
    if (this.#stopping !== "no") this.#stopped.ring();
  }

  #onSettled({ id, token, outcome }: Settlement, accepted: boolean): void {
    if (this.#held.get(id)?.job.token === token) this.#held.delete(id);
    if (!accepted) {
      log.warn("Task {id}: {state} was refused, it is no longer this worker's", {
        id,
        state: outcome.state,
      });
    }
    if (this.#stopping !== "no") this.#stopped.ring();
  }

  #onRevoked(id: string, token: number): void {
    const held = this.#held.get(id);
    if (held?.job.token !== token) return;
    if (held.state === "waiting") this.#drop(held);
    if (held.state !== "running" || held.stopAt !== Infinity) return;
    log.info("Task {name}[{id}] revoked", { name: held.job.name, id });
    this.pool.abort(id, "revoked");
    held.stopAt = performance.now() + REVOKE_GRACE_MS;
  }

  /** The broker says that a task is not this worker's any more: nothing it does can count. */
  #onLost(id: string, token: number): void {
    const held = this.#held.get(id);
    if (held?.job.token !== token || held.stopAt !== Infinity) return;
    log.warn("Task {name}[{id}] is no longer this worker's: stopping it", {
      name: held.job.name,
      id,
    });
    this.#onRevoked(id, token);
  }

  #onBrokerError(error: unknown): void {
    // One that is away tells of that itself, once for all who ask it.
    if (error instanceof BrokerUnavailableError) return log.debug(error.message);
    if (!this.#failing) log.warn(`The broker failed, trying again: ${error}`);
    this.#failing = true;
  }

  async #heartbeat(): Promise<void> {
    const before = new Map(
      [...this.#held].filter(([, { state }]) => state !== "settling")
        .map(([id, { job }]) => [id, job.token]),
    );
    const theirs = await this.broker.heartbeat(this.#beat());
    const tokens = new Map(theirs.map(({ id, token }) => [id, token]));
    for (const [id, token] of before) {
      if (tokens.get(id) !== token) this.#onLost(id, token);
    }
    // The answer to a claim can get lost. What only the broker knows of twice in a row goes back.
    const unknown = theirs.filter(({ id }) => !this.#held.has(id));
    for (const { id, token } of unknown) {
      if (!this.#unknown.has(`${id} ${token}`)) continue;
      this.#outbox.settle({ id, token, outcome: { state: "PENDING" } });
    }
    this.#unknown = new Set(unknown.map(({ id, token }) => `${id} ${token}`));
  }

  #beat(): WorkerBeat {
    const { name, hostname, version, queues } = this.options;
    return {
      name,
      hostname,
      version,
      queues,
      pid: Deno.pid,
      pool: this.pool.kind,
      concurrency: this.pool.size,
      started_at: this.#startedAt,
      processed: this.#processed,
      memory_mib: Math.round(Deno.memoryUsage().rss / 1024 / 1024),
    };
  }

  #limits(): void {
    const now = performance.now();
    for (const held of [...this.#held.values()]) {
      if (held.state !== "running") continue;
      if (now >= held.stopAt) {
        this.#stopRun(held, null);
      } else if (now >= held.hardAt) {
        const seconds = Math.round((held.hardAt - held.since) / 10) / 100;
        const message = `ran longer than its time limit of ${seconds} s`;
        const error = { type: "TimeLimitExceeded", message, stack: null };
        this.#logEnd(held.job, { state: "FAILURE", error }, (now - held.since) / 1000);
        this.#processed++;
        this.#stopRun(held, { state: "FAILURE", error });
      } else if (now >= held.softAt) {
        held.softAt = Infinity;
        this.pool.abort(held.job.id, "soft_time_limit");
      }
    }
    const [oldest] = this.#waiting;
    if (!oldest || now - oldest.since < MAX_AHEAD_MS) return;
    this.#averageMs = Infinity; // tasks are not as short as they seemed
    this.#handBack(this.#waiting.splice(0));
  }

  /** Each goes to the front of its queue, so the last is handed back first. */
  #handBack(held: Held[]): void {
    for (const each of held.reverse()) this.#settle(each, { state: "PENDING" });
  }

  /**
   * The order matters: nothing new is claimed; what waits goes back at once; what runs may finish
   * within the grace; the rest is handed back before its threads are ended, so that no task is ever
   * running nowhere and held by nobody; the broker is told all of it; then the lease is given up.
   */
  async #shutDown(): Promise<void> {
    const { graceMs, name } = this.options;
    const deadline = performance.now() + graceMs;
    this.#handBack(this.#waiting.splice(0));
    if (this.#running > 0) {
      log.info("Stopping: {tasks} task(s) may run on for {seconds} s, or until asked again", {
        tasks: this.#running,
        seconds: graceMs / 1000,
      });
    }
    while (this.#running > 0 && this.#stopping === "drain") {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await this.#stopped.wait(left);
    }
    const rest = [...this.#held.values()].filter(({ state }) => state === "running");
    if (rest.length > 0) log.warn(`Handing back ${rest.length} unfinished task(s)`);
    this.#handBack(rest);
    await this.#outbox.close(FAREWELL_MS);
    await this.pool.close();
    await this.#ticker.stop();
    await this.broker.leave(name).catch((error) => this.#onBrokerError(error));
  }

  /** For what a worker cannot start without. Gives up only when the worker is stopped. */
  async #untilAnswered<T>(call: () => Promise<T>): Promise<T | undefined> {
    while (this.#stopping === "no") {
      try {
        return await call();
      } catch (error) {
        this.#onBrokerError(error);
        await this.#stopped.wait(RETRY_CLAIM_MS);
      }
    }
  }

  #logEnd({ name, id }: Claimed, outcome: Outcome, seconds: number): void {
    const took = { name, id, seconds: Math.round(seconds * 1000) / 1000 };
    if (outcome.state === "SUCCESS") {
      log.info("Task {name}[{id}] succeeded in {seconds} s", took);
    } else if (outcome.state === "FAILURE" || outcome.state === "RETRY") {
      const { type, message } = outcome.error;
      const error = `${type}: ${message}`;
      if (outcome.state === "FAILURE") {
        log.error("Task {name}[{id}] failed in {seconds} s: {error}", { ...took, error });
      } else {
        const delay = outcome.delayMs / 1000;
        log.warn("Task {name}[{id}] retries in {delay} s: {error}", { ...took, error, delay });
      }
    }
  }
}
