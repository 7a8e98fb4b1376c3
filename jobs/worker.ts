/**
 * A worker: takes tasks from the broker, has a pool run them, and says how they ended. It never runs
 * task code on its own account and never waits for it, so a lease is renewed whatever tasks do.
 */

import { getLogger } from "@logtape/logtape";
import { type Duty, Ticker } from "../lib/ticker.ts";
import { Wake } from "../lib/wake.ts";
import { Autoscaler } from "./autoscaler.ts";
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
import { Demand } from "./demand.ts";
import { overTime, runsOnce, unfinished } from "./endings.ts";
import { type Held, HeldTasks, type Running } from "./held.ts";
import { Outbox } from "./outbox.ts";
import type { Pool } from "./pool.ts";
import { Reconciler } from "./reconcile.ts";
import { reportRunning } from "./running_report.ts";
import { logEnd, logStart } from "./task_log.ts";
import { TimeLimits } from "./time_limits.ts";
import { upkeep } from "./upkeep.ts";
import { WorkerStatus } from "./worker_status.ts";
import type { WorkerOptions } from "./worker_options.ts";

/** Bounds what a lost wake-up costs. */
const POLL_EVERY_MS = 1000;
/** So many heartbeats may be missed before the lease runs out. */
const HEARTBEATS_PER_LEASE = 5;
/** How exactly time limits are kept, and how often the load is looked at. */
const LIMITS_EVERY_MS = 100;
/** After an error of the broker. */
const RETRY_CLAIM_MS = 500;
/** A revoked task may clean up for this long before it is stopped. */
const REVOKE_GRACE_MS = 500;
/** A task that was claimed ahead and waits longer for its slot goes back: another may have one. */
const MAX_AHEAD_MS = 250;
/** How long a stopping worker tries to tell the broker. */
const FAREWELL_MS = 5000;

const log = getLogger(["taskapp", "worker"]);

export class Worker {
  readonly #held = new HeldTasks();
  readonly #wake = new Wake();
  readonly #outbox: Outbox;
  readonly #ticker: Ticker;
  readonly #scaler: Autoscaler;
  readonly #reconciler = new Reconciler();
  readonly #status: WorkerStatus;
  readonly #demand: Demand;
  #quiet = false;
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
      onSettled: (...answer) => this.#onSettled(...answer),
      onRefused: (id, token) => this.#onLost(id, token),
      onError: (error) => this.#onBrokerError(error),
    });
    this.#status = new WorkerStatus(options, pool);
    this.#demand = new Demand(options.prefetchMultiplier);
    this.#scaler = new Autoscaler(options.concurrency, options.autoscaleKeepMs);
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
        onSchedule: () => {
          this.#ticker.kick("promote");
          this.#ticker.kick("schedules");
        },
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
    this.#ticker.kick("heartbeat");
  }

  /** Stops claiming for good, and keeps all that runs. */
  quiet(): void {
    if (this.#quiet || this.#stopping !== "no") return;
    this.#quiet = true;
    log.info("Quiet: {tasks} task(s) run on, and no more are taken until a restart", {
      tasks: this.#held.running,
    });
    this.#handBack(this.#held.takeWaiting());
    this.#ticker.kick("heartbeat"); // tells of it
  }

  /** Logs what is running, whatever the log level. */
  printRunning(): void {
    reportRunning(this.#beat(), this.#held.runs(), (id) => this.pool.threadOf(id));
  }

  #duties(): Duty[] {
    const { broker, options: { leaseMs } } = this;
    return [
      brokerDuty("heartbeat", leaseMs / HEARTBEATS_PER_LEASE, () => this.#heartbeat()),
      { name: "limits", everyMs: LIMITS_EVERY_MS, run: () => Promise.resolve(this.#look()) },
      ...upkeep(broker),
      ...this.options.duties ?? [],
    ];
  }

  get #takesTasks(): boolean {
    return !this.#quiet && this.#stopping === "no";
  }

  async #claim(): Promise<void> {
    // A broker that hands out tasks and takes no results is no reason to heap them up here.
    const takes = this.#takesTasks && !this.#outbox.isFull;
    const want = takes ? this.#demand.want(this.#scaler.limit, this.#held) : 0;
    if (want === 0) {
      const rung = await this.#wake.wait(POLL_EVERY_MS);
      if (!rung) this.#demand.more = true;
      return;
    }
    this.#demand.more = false; // a wake-up while the claim is under way sets it again
    this.#reconciler.claimBegins();
    try {
      const jobs = await this.broker.claim(this.options.name, this.options.queues, want);
      this.#failing = false;
      if (jobs.length === want) this.#demand.more = true;
      for (const job of jobs) this.#hold(job);
      // The worker may have been told to stop while the claim was under way.
      if (this.#takesTasks) this.#dispatch();
      else this.#handBack(this.#held.takeWaiting());
    } catch (error) {
      this.#onBrokerError(error);
      this.#demand.more = true;
      await this.#stopped.wait(RETRY_CLAIM_MS);
    } finally {
      this.#reconciler.claimEnds();
    }
  }

  #hold(job: Claimed): void {
    // Lost, given back, and claimed again before the loss was noticed: the old run counts no more.
    const old = this.#held.get(job.id);
    if (old) this.#stopRun(old);
    this.#held.add(job);
  }

  #dispatch(): void {
    const { limit } = this.#scaler;
    while (this.#held.running < limit) {
      const run = this.#held.start((job) => this.#limitsOf(job));
      if (!run) return;
      const { running } = this.#held;
      this.#scaler.note(running);
      if (running > this.pool.size) this.pool.resize(running);
      logStart(run.job);
      this.pool.run(run.job);
    }
  }

  #limitsOf(job: Claimed): TimeLimits {
    return new TimeLimits(performance.now(), {
      soft: job.softTimeLimit ?? this.options.softTimeLimit,
      hard: job.timeLimit ?? this.options.timeLimit,
    });
  }

  #onReady(queue: string | undefined): void {
    if (queue !== undefined && !this.options.queues.includes(queue)) return;
    this.#demand.more = true;
    this.#wake.ring();
  }

  #onUpdates({ id, token }: Claimed, updates: Update[]): void {
    const run = this.#held.run(id, token);
    if (!run) return;
    run.stage = updates.findLast(({ progress }) => progress?.stage)?.progress?.stage ?? run.stage;
    this.#outbox.report(updates.map((update) => ({ id, token, ...update })));
  }

  #onOutcome(job: Claimed, outcome: Outcome): void {
    const run = this.#held.run(job.id, job.token);
    if (!run) return;
    if (run.limits.isStopping) {
      this.#held.drop(run);
    } else {
      const ms = performance.now() - run.limits.startedAt;
      this.#demand.noteRun(ms);
      this.#end(run, outcome, ms);
    }
    this.#slotFreed();
  }

  /** A run has come to an end of its own, or by its time limit. */
  #end(run: Running, outcome: Outcome, ms: number): void {
    this.#status.noteEnd(outcome);
    logEnd(run.job, outcome, ms);
    this.#settle(run, outcome);
  }

  #settle(held: Held, outcome: Outcome): void {
    this.#held.settle(held);
    this.#outbox.settle({ id: held.job.id, token: held.job.token, outcome });
  }

  /** Lets go of a task that is not this worker's any more, and stops its run. */
  #stopRun(held: Held): void {
    if (held.state === "running") this.pool.stop(held.job.id);
    this.#held.drop(held);
    this.#slotFreed();
  }

  #slotFreed(): void {
    this.#dispatch();
    this.#wake.ring();
    if (this.#stopping !== "no") this.#stopped.ring();
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
    if (this.#stopping !== "no") this.#stopped.ring();
  }

  #onRevoked(id: string, token: number): void {
    const held = this.#held.get(id, token);
    if (held?.state === "waiting") this.#held.drop(held);
    if (held?.state !== "running" || held.limits.isStopping) return;
    log.info("Task {name}[{id}] revoked", { name: held.job.name, id });
    this.#abandon(held);
  }

  /** The broker says that a task is not this worker's any more: nothing it does can count. */
  #onLost(id: string, token: number): void {
    const held = this.#held.get(id, token);
    if (held?.state === "waiting") this.#held.drop(held);
    if (held?.state !== "running" || held.limits.isStopping) return;
    log.warn("Task {name}[{id}] is no longer this worker's: stopping it", {
      name: held.job.name,
      id,
    });
    this.#abandon(held);
  }

  #abandon({ job, limits }: Running): void {
    this.pool.abort(job.id, "revoked");
    limits.stopAt(performance.now() + REVOKE_GRACE_MS);
  }

  #onBrokerError(error: unknown): void {
    // One that is away tells of that itself, once for all who ask it.
    if (error instanceof BrokerUnavailableError) return log.debug(error.message);
    if (!this.#failing) log.warn(`The broker failed, trying again: ${error}`);
    this.#failing = true;
  }

  async #heartbeat(): Promise<void> {
    const mine = this.#held.tokens();
    const theirs = await this.broker.heartbeat(this.#beat());
    const { lost, unheard } = this.#reconciler
      .compare(mine, theirs, (id) => this.#held.has(id));
    for (const { id, token } of lost) this.#onLost(id, token);
    for (const claim of unheard) this.#outbox.settle({ ...claim, outcome: { state: "PENDING" } });
  }

  #beat(): WorkerBeat {
    return this.#status.beat({
      mode: this.#stopping !== "no" ? "stopping" : this.#quiet ? "quiet" : "working",
      queues: this.options.queues,
      bounds: this.#scaler.bounds,
      runs: this.#held.runs(),
      lastCommand: null,
    });
  }

  /** What is due many times a second: time limits, what waits too long, and the size of the pool. */
  #look(): void {
    const now = performance.now();
    for (const run of this.#held.runs()) this.#enforce(run, now);
    this.#scale(now);
    const oldest = this.#held.oldest();
    if (!oldest || now - oldest.claimedAt < MAX_AHEAD_MS) return;
    this.#demand.noteWait();
    this.#handBack(this.#held.takeWaiting());
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
        this.#slotFreed();
    }
  }

  #scale(now: number): void {
    const { running, waiting } = this.#held;
    const more = this.#takesTasks && (waiting > 0 || this.#demand.more);
    if (!this.#scaler.look(now, { running, more })) return;
    // It grows by itself when there is something to run; a slot that works is not taken.
    this.pool.resize(Math.min(this.pool.size, Math.max(this.#scaler.limit, running)));
    this.#dispatch();
    this.#wake.ring();
  }

  /** Each goes to the front of its queue, so the last is handed back first. */
  #handBack(held: Held[]): void {
    for (const each of held.reverse()) this.#settle(each, { state: "PENDING" });
  }

  /**
   * The order matters: nothing new is claimed; what waits goes back at once; what runs may finish
   * within the grace; the rest is handed back, or ended if it may not run twice, before its threads
   * are ended, so that no task is ever running nowhere and held by nobody; the broker is told all of it; then the lease is given up.
   */
  async #shutDown(): Promise<void> {
    const { graceMs, name } = this.options;
    const deadline = performance.now() + graceMs;
    this.#handBack(this.#held.takeWaiting());
    if (this.#held.running > 0) {
      log.info("Stopping: {tasks} task(s) may run on for {seconds} s, or until asked again", {
        tasks: this.#held.running,
        seconds: graceMs / 1000,
      });
    }
    while (this.#held.running > 0 && this.#stopping === "drain") {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await this.#stopped.wait(left);
    }
    const rest = this.#held.runs().filter(({ limits }) => !limits.isStopping);
    if (rest.length > 0) log.warn(`${rest.length} unfinished task(s) go back, or end if they must`);
    for (const run of rest.reverse()) this.#settle(run, unfinished(run.job));
    await this.#outbox.close(FAREWELL_MS);
    await this.pool.close();
    await this.#ticker.stop();
    // Signing off gives back what the broker was not told of. What may not run twice has to end as
    // a lost worker's, when the lease runs out.
    const untold = this.#held.settling().some(({ begun, job }) => begun && runsOnce(job));
    if (!untold) await this.broker.leave(name).catch((error) => this.#onBrokerError(error));
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
}
