/**
 * A worker: takes tasks from the broker, has a pool run them, and says how they ended. It never runs
 * task code on its own account and never waits for it, so a lease is renewed whatever tasks do.
 */

import { getLogger } from "@logtape/logtape";
import { giveBackMemory, whenIdle } from "../lib/idle_memory.ts";
import { type Duty, Ticker } from "../lib/ticker.ts";
import { inStep } from "../lib/timers.ts";
import { Wake } from "../lib/wake.ts";
import { Autoscaler, type Bounds } from "./autoscaler.ts";
import { type Broker, BrokerUnavailableError, type WorkerBeat } from "./broker.ts";
import { brokerDuty } from "./broker_duty.ts";
import { Demand } from "./demand.ts";
import { runsOnce } from "./endings.ts";
import type { Pool } from "./pool.ts";
import { Reconciler } from "./reconcile.ts";
import { reportRunning } from "./running_report.ts";
import { Runs } from "./runs.ts";
import { upkeep } from "./upkeep.ts";
import { type Commanded, WorkerCommands } from "./worker_commands.ts";
import type { WorkerOptions } from "./worker_options.ts";
import { WorkerStatus } from "./worker_status.ts";

/** Bounds what a lost wake-up costs. */
const POLL_EVERY_MS = 1000;
/** So many heartbeats may be missed before the lease runs out. */
const HEARTBEATS_PER_LEASE = 5;
/** How exactly time limits are kept, and how often the load is looked at, while there are tasks. */
const LIMITS_EVERY_MS = 100;
/** After an error of the broker. */
const RETRY_CLAIM_MS = 500;
/** A task that was claimed ahead and waits longer for its slot goes back: another may have one. */
const MAX_AHEAD_MS = 250;
/** How long a stopping worker tries to tell the broker. */
const FAREWELL_MS = 5000;

const log = getLogger(["taskapp", "worker"]);

export class Worker implements Commanded {
  readonly #runs: Runs;
  readonly #wake = new Wake();
  readonly #ticker: Ticker;
  readonly #scaler: Autoscaler;
  readonly #reconciler = new Reconciler();
  readonly #status: WorkerStatus;
  readonly #commands: WorkerCommands;
  readonly #demand: Demand;
  #queues: string[];
  #quiet = false;
  #stopping: "no" | "drain" | "now" = "no";
  #failing = false;
  /** It held no task when it last looked, so it looks less often. */
  #isResting = false;
  #broken: Error | undefined;
  readonly #stopped = new Wake();

  constructor(
    private readonly broker: Broker,
    private readonly pool: Pool,
    private readonly options: WorkerOptions,
  ) {
    this.#queues = options.queues;
    this.#status = new WorkerStatus(options, pool);
    this.#demand = new Demand(options.prefetchMultiplier);
    this.#scaler = new Autoscaler(options.concurrency, options.autoscaleKeepMs);
    this.#runs = new Runs(broker, pool, options, {
      onRun: (ms) => this.#demand.noteRun(ms),
      onEnd: (outcome) => this.#status.noteEnd(outcome),
      onSlotFreed: () => this.#onSlotFreed(),
      onSettled: () => {
        if (this.#stopping !== "no") this.#stopped.ring();
      },
      onBrokerError: (error) => this.#onBrokerError(error),
    });
    this.#commands = new WorkerCommands(
      broker,
      options.name,
      this,
      () => this.#ticker.kick("heartbeat"), // tells of it
    );
    this.#ticker = new Ticker(this.#duties());
  }

  /**
   * Works until `stop` is called and all is handed over.
   * @throws {Error} the pool cannot run anything
   */
  async run(): Promise<void> {
    const { broker, options: { name } } = this;
    await this.pool.start({
      onBegin: (job, at) => this.#runs.onBegin(job, at),
      onUpdates: (job, updates) => this.#runs.onUpdates(job, updates),
      onOutcome: (job, outcome, ms) => this.#runs.onOutcome(job, outcome, ms),
      onReady: (ms) => {
        this.#demand.noteRun(ms); // tasks that take their threads down are not short
        this.#onSlotFreed();
      },
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
        onRevoked: (id, token) => this.#runs.onRevoked(id, token),
        onCommand: () => void this.#commands.take(),
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

  /** Stops claiming until `resume`, and keeps all that runs. */
  quiet(): void {
    if (this.#quiet || this.#stopping !== "no") return;
    this.#quiet = true;
    this.#runs.handBackWaiting();
    log.info("Quiet: {tasks} task(s) run on, and no more are taken until it is told to resume", {
      tasks: this.running,
    });
    this.#ticker.kick("heartbeat"); // tells of it
  }

  /** Undoes `quiet`. */
  resume(): void {
    this.#quiet = false;
    this.#claimMore();
  }

  /** Changes the bounds between which it chooses how many tasks run at once. */
  setBounds(bounds: Bounds): void {
    this.#scaler.bounds = bounds;
    this.#fitPool();
    this.#claimMore();
  }

  /** Changes from which queues it takes; answers how many tasks of others went back that waited here. */
  setQueues(queues: string[]): number {
    this.#queues = queues;
    this.#claimMore();
    return this.#handBackForeign();
  }

  /** @throws {Error} the new code does not start, and the old goes on */
  restartPool(): Promise<void> {
    return this.pool.restart();
  }

  /** How many tasks it runs. */
  get running(): number {
    this.pool.look();
    return this.#runs.held.running;
  }

  /** What it says of itself now. */
  beat(): WorkerBeat {
    this.pool.look();
    return this.#status.beat({
      mode: this.#stopping !== "no" ? "stopping" : this.#quiet ? "quiet" : "working",
      queues: this.#queues,
      bounds: this.#scaler.bounds,
      runs: this.#runs.held.runs(),
      lastCommand: this.#commands.last,
    });
  }

  /** Logs what is running, whatever the log level. */
  printRunning(): void {
    reportRunning(this.beat(), this.#runs.held.runs(), (id) => this.pool.threadOf(id));
  }

  #duties(): Duty[] {
    const { broker, options: { leaseMs } } = this;
    return [
      brokerDuty("heartbeat", leaseMs / HEARTBEATS_PER_LEASE, () => this.#heartbeat()),
      {
        name: "limits",
        everyMs: POLL_EVERY_MS,
        run: () => {
          this.#look();
          this.#isResting = this.#open === 0;
          return Promise.resolve(this.#isResting ? null : LIMITS_EVERY_MS);
        },
      },
      ...upkeep(broker),
      whenIdle(() => {
        this.pool.giveBackMemory();
        giveBackMemory();
      }),
      ...this.options.duties ?? [],
    ];
  }

  /** How many tasks may run now: the pool grows step by step. */
  get #limit(): number {
    return Math.min(this.#scaler.limit, this.pool.size + this.pool.growsBy);
  }

  get #takesTasks(): boolean {
    return !this.#quiet && this.#stopping === "no";
  }

  async #claim(): Promise<void> {
    // A broker that hands out tasks and takes no results is no reason to heap them up here.
    const takes = this.#takesTasks && !this.#runs.isOutboxFull;
    const { slots, held } = this.#load;
    const want = takes ? this.#demand.want(slots, held) : 0;
    if (want === 0) {
      const rung = await this.#wake.wait(inStep(POLL_EVERY_MS));
      if (!rung) this.#demand.more = true;
      return;
    }
    this.#demand.more = false; // a wake-up while the claim is under way sets it again
    this.#reconciler.claimBegins();
    const queues = this.#queues;
    try {
      const jobs = await this.broker.claim(this.options.name, queues, want);
      this.#failing = false;
      if (jobs.length === want) this.#demand.more = true;
      // The worker may have been told otherwise while the claim was under way.
      const mine = this.#takesTasks ? jobs.filter(({ queue }) => this.#queues.includes(queue)) : [];
      const load = this.#load;
      mine.length = Math.min(mine.length, this.#demand.accept(mine, load.slots - load.held));
      this.#runs.hold(mine);
      if (this.#isResting && mine.length > 0) this.#ticker.kick("limits");
      if (mine.length < jobs.length) this.#runs.decline(jobs.filter((job) => !mine.includes(job)));
      this.#makeRoom();
    } catch (error) {
      this.#onBrokerError(error);
      this.#demand.more = true;
      await this.#stopped.wait(RETRY_CLAIM_MS);
    } finally {
      this.#reconciler.claimEnds();
    }
  }

  #claimMore(): void {
    this.#demand.more = true;
    this.#wake.ring();
  }

  /** Hands back what waits for a slot and is of a queue that it takes from no more. */
  #handBackForeign(): number {
    return this.#runs.handBackWaiting(({ queue }) => !this.#queues.includes(queue));
  }

  #onReady(queue: string | undefined): void {
    if (queue === undefined || this.#queues.includes(queue)) this.#claimMore();
  }

  #onSlotFreed(): void {
    this.#wake.ring();
    if (this.#stopping !== "no") this.#stopped.ring();
  }

  #onBrokerError(error: unknown): void {
    // One that is away tells of that itself, once for all who ask it.
    if (error instanceof BrokerUnavailableError) return log.debug(error.message);
    if (!this.#failing) log.warn(`The broker failed, trying again: ${error}`);
    this.#failing = true;
  }

  async #heartbeat(): Promise<void> {
    const { held } = this.#runs;
    const mine = held.tokens();
    const theirs = await this.broker.heartbeat(this.beat());
    const { lost, unheard } = this.#reconciler.compare(mine, theirs, (id) => held.has(id));
    for (const { id, token } of lost) this.#runs.onLost(id, token);
    this.#runs.handBackUnheard(unheard);
    void this.#commands.takeMissed();
  }

  /** What is due many times a second: time limits, what waits too long, and the size of the pool. */
  #look(): void {
    const now = performance.now();
    this.pool.look();
    this.#runs.enforceLimits(now);
    this.#scale(now);
    const oldest = this.#runs.held.oldest();
    if (!oldest || now - oldest.claimedAt < MAX_AHEAD_MS) return;
    this.#demand.noteWait();
    this.#runs.handBackWaiting();
    this.#wake.ring(); // a slot may have come free meanwhile
  }

  #scale(now: number): void {
    if (this.#stopping !== "no") return; // a thread that is made now is only in the way
    const { running, waiting } = this.#runs.held;
    const more = this.#takesTasks && (waiting > 0 || this.#demand.more);
    const hasChanged = this.#scaler.look(now, { running, more });
    if (this.#fitPool() || hasChanged) this.#wake.ring();
  }

  /**
   * The slots that claims are for, and how many tasks they hold. One whose thread starts takes a task that
   * waits here already, but none is claimed for it: others may begin that before.
   */
  get #load(): { slots: number; held: number } {
    const { running, waiting } = this.#runs.held;
    const { starting } = this.pool;
    return { slots: this.#limit - starting, held: running + Math.max(0, waiting - starting) };
  }

  /** How many tasks it holds that have not ended. */
  get #open(): number {
    const { running, waiting } = this.#runs.held;
    return running + waiting;
  }

  /** A slot above the least number is made when there is a task for it. */
  #makeRoom(): void {
    const wanted = Math.min(this.#open, this.#limit);
    this.#scaler.note(wanted);
    if (wanted > this.pool.size) this.pool.resize(wanted);
  }

  /**
   * Above its least size the pool grows when there is something to run, and a slot that works is not
   * taken. Answers whether it was to change.
   */
  #fitPool(): boolean {
    const { limit, bounds: { min } } = this.#scaler;
    const { size, growsBy } = this.pool;
    const wanted = Math.min(Math.max(min, size), limit);
    if (wanted === size) return false;
    this.pool.resize(Math.min(wanted, size + growsBy));
    return true;
  }

  /**
   * The order matters: nothing new is claimed; what waits goes back at once; what runs may finish
   * within the grace; the rest is handed back, or ended if it may not run twice, before its threads
   * are ended, so that no task is ever running nowhere and held by nobody; the broker is told all of it; then the lease is given up.
   */
  async #shutDown(): Promise<void> {
    const { graceMs, name } = this.options;
    const { held } = this.#runs;
    const deadline = performance.now() + graceMs;
    this.#runs.handBackWaiting();
    this.pool.look();
    if (held.running > 0) {
      log.info("Stopping: {tasks} task(s) may run on for {seconds} s, or until asked again", {
        tasks: held.running,
        seconds: graceMs / 1000,
      });
    }
    while (held.running > 0 && this.#stopping === "drain") {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await this.#stopped.wait(left);
    }
    this.#runs.giveUp();
    await this.#runs.close(FAREWELL_MS);
    await this.pool.close();
    await this.#ticker.stop();
    // Signing off gives back what the broker was not told of. What may not run twice has to end as
    // a lost worker's, when the lease runs out.
    const untold = held.settling().some(({ begun, job }) => begun && runsOnce(job));
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
