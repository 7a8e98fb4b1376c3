/**
 * What a worker thread does: takes one task after the other from the queue that all threads share, and
 * rests when there is none. Whatever task code does to its thread, a busy loop, `Deno.exit()`, a full
 * heap, the main thread sees it from outside (thread_pool.ts).
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { giveBackMemory } from "../lib/idle_memory.ts";
import type { Outcome } from "./broker.ts";
import { Context, type Work } from "./context.ts";
import { toTaskError } from "./errors.ts";
import { execute } from "./execute.ts";
import type { Registry } from "./registry.ts";
import { keepsMoreThan, usedMiB } from "./thread_memory.ts";
import {
  type FromThread,
  type Kept,
  open,
  seal,
  type ThreadData,
  type ToThread,
} from "./thread_messages.ts";
import { ThreadQueue } from "./thread_queue.ts";
import { ThreadStatus } from "./thread_status.ts";
import { decodeWork, encodeOutcome } from "./thread_work.ts";
import type { TaskError } from "./wire.ts";

const HEAP_CHECK_EVERY_MS = 100;
/** Outcomes of short tasks are rung for together, at most so late; the main thread looks by itself then. */
const RING_EVERY_MS = 1;
/** Short tasks in a row must not keep timers and messages of their thread waiting for longer. */
const YIELD_EVERY_MS = 2;
/** After so many runs in a row that ended in the turn of the event loop in which they began, a task is quick. */
const QUICK_AFTER = 10;
/** Tasks that one thread runs in a row, without a look at what else there is to do. */
interface Stretch {
  begunAt: number;
}

/** The task that runs. */
interface Run {
  cell: number;
  stretch: Stretch;
  begunAt: number;
  /** Once it is known. */
  work: Work | undefined;
  context: Context | undefined;
  /** Whether an error of its own can be told from those of others. */
  isTraced: boolean;
  /** Whether it has reported anything: its outcome has to come after that. */
  hasReported: boolean;
}

/** Makes this thread run the tasks of a registry. */
export function runThread(registry: Registry): void {
  if (!parentPort) throw new Error("invariant: runThread() is for worker threads");
  new ThreadLoop(registry, parentPort, workerData as ThreadData).start();
}

class ThreadLoop {
  readonly #queue: ThreadQueue;
  readonly #status: ThreadStatus;
  readonly #heapLimit = getHeapStatistics().heap_size_limit;
  #watch: ReturnType<typeof setInterval> | undefined;
  #run: Run | undefined;
  /**
   * Tells of an error whose it is: by then the next task may have begun. To trace a run costs as much as
   * a third of a short one, so the quick tasks of a stretch are traced as one: no error can come while one
   * of them runs, but if it takes longer than a turn for once. Then it is blamed for what comes from those
   * of its stretch, which are no older than YIELD_EVERY_MS.
   */
  readonly #owner = new AsyncLocalStorage<Run | Stretch>();
  /** How many runs of a task in a row have ended in the turn in which they began. */
  readonly #quickRuns = new Map<string, number>();
  /** Turns of the event loop, as far as anyone looked. */
  #turns = 0;
  #countsTurn = false;
  /** What a task has left behind that has ended. */
  #spoilt: TaskError | undefined;
  /** What it waits for that was too long for its cell. */
  #fetched: ((work: Work) => void) | undefined;
  #isParked = false;
  /** Whether anything has ended since it rang. */
  #hasNews = false;
  #rangAt = -Infinity;

  constructor(
    private readonly registry: Registry,
    private readonly port: MessagePort,
    private readonly data: ThreadData,
  ) {
    this.#queue = new ThreadQueue(data.queue);
    this.#status = new ThreadStatus(data.status);
  }

  start(): void {
    this.port.on("message", (posted: unknown) => {
      const message = open<ToThread>(posted);
      if (!message) return;
      if ("wake" in message) this.#work();
      else if ("giveBackMemory" in message) giveBackMemory();
      else if ("work" in message) this.#fetched?.(message.work);
      else if (this.#run?.work?.id === message.id) this.#run.context?.abort(message.abort);
    });
    // An error that nobody awaits belongs to the task that runs where nothing tells of another.
    globalThis.addEventListener("error", (event) => {
      event.preventDefault();
      this.#crash(event.error);
    });
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.#crash(event.reason);
    });
    this.#post({ ready: { tasks: this.registry.names() } });
  }

  #post(message: FromThread): void {
    this.port.postMessage(seal(message));
  }

  async #work(): Promise<void> {
    this.#watchHeap();
    for (;;) {
      const stretch = { begunAt: performance.now() };
      if (!await this.#owner.run(stretch, () => this.#runStretch(stretch))) return;
      await setImmediate();
    }
  }

  /** Runs tasks; false once no other may follow. */
  async #runStretch(stretch: Stretch): Promise<boolean> {
    let now = stretch.begunAt;
    while (now - stretch.begunAt < YIELD_EVERY_MS) {
      if (!this.#begin(stretch, now)) return false;
      const run = this.#run;
      if (!run) throw new Error("invariant: nothing has begun");
      const outcome = await this.#execute(run);
      now = performance.now();
      if (run !== this.#run || !this.#end(outcome, now)) return false;
    }
    return true;
  }

  /** Begins the next task; false where there is none, or none for this thread. */
  #begin(stretch: Stretch, now: number): boolean {
    while (!this.#isParked && !this.#status.isLeaving) {
      const cell = this.#queue.take(this.data.number);
      if (cell >= 0) {
        if (now - this.#rangAt >= RING_EVERY_MS) this.#ring(now);
        this.#run = {
          cell,
          stretch,
          begunAt: now,
          work: undefined,
          context: undefined,
          isTraced: false,
          hasReported: false,
        };
        this.#status.noteBegin();
        if (this.#status.begun === this.data.maxTasksPerChild) this.#post({ last: true });
        return true;
      }
      this.#status.noteUsed(usedMiB());
      this.#status.rest();
      // One that was put in before that woke nobody.
      if (!this.#queue.hasReady || !this.#status.wake()) {
        this.#ring(now);
        return false;
      }
    }
    this.#park(null);
    return false;
  }

  async #execute(run: Run): Promise<Outcome> {
    const text = this.#queue.text(run.cell);
    const work = run.work = text === null ? await this.#fetch(run.cell) : decodeWork(text);
    const context = run.context = new Context(work, (updates) => {
      run.hasReported = true;
      this.#post({ updates, cell: run.cell });
    });
    const { name } = work;
    const quickRuns = this.#quickRuns.get(name) ?? 0;
    run.isTraced = quickRuns < QUICK_AFTER;
    const turn = this.#turn();
    const outcome =
      await (run.isTraced
        ? this.#owner.run(run, execute, this.registry, work, context)
        : execute(this.registry, work, context));
    const isQuick = turn === this.#turns && outcome.state === "SUCCESS";
    if (!isQuick) this.#quickRuns.delete(name);
    else if (run.isTraced) this.#quickRuns.set(name, quickRuns + 1);
    context.close();
    return outcome;
  }

  /** The number of this turn of the event loop. */
  #turn(): number {
    if (!this.#countsTurn) {
      this.#countsTurn = true;
      setImmediate().then(() => {
        this.#countsTurn = false;
        this.#turns++;
      });
    }
    return this.#turns;
  }

  #fetch(cell: number): Promise<Work> {
    const { promise, resolve } = Promise.withResolvers<Work>();
    this.#fetched = resolve;
    this.#post({ fetch: cell });
    return promise;
  }

  /** Ends the task that runs; false where no other may follow now. */
  #end(outcome: Outcome, now: number): boolean {
    if (!this.#run) return false;
    const { cell, begunAt, work, hasReported } = this.#run;
    this.#run = undefined;
    const text = hasReported ? null : encodeOutcome(outcome);
    const ms = now - begunAt;
    const ended = this.#queue.end(cell, this.data.number, text, ms);
    if (ended === null) return false; // it was stopped, and so is this thread
    this.#status.noteEnd();
    this.#hasNews = true;
    const keptMiB = keepsMoreThan(this.data.maxMemoryPerChild);
    if (ended === "post") {
      if (keptMiB === null) this.#status.hold();
      this.#post({ outcome, cell, ms });
    }
    if (this.#spoilt) return this.#giveUp(this.#spoilt);
    if (keptMiB === null && this.#status.begun < this.data.maxTasksPerChild) {
      return ended === "done";
    }
    const { name = "", id = "" } = work ?? {};
    this.#park(keptMiB === null ? null : { mib: keptMiB, name, id });
    return false;
  }

  #park(kept: Kept | null): void {
    if (!this.#isParked) this.#post({ parked: kept });
    this.#isParked = true;
  }

  /** Has the main thread look, if there is anything to see and nobody has rung before. */
  #ring(now: number): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    this.#rangAt = now;
    if (this.#queue.ring()) this.#post({ ring: true });
  }

  #crash(thrown: unknown): void {
    const error = toTaskError(thrown);
    const owner = this.#owner.getStore();
    const own = this.#run?.isTraced ? this.#run : this.#run?.stretch;
    if (own && owner && owner !== own) {
      this.#spoilt ??= error; // the task that runs now may come to its end
      return;
    }
    this.#isParked = true;
    this.#end({ state: "FAILURE", error }, performance.now());
    this.#giveUp(error);
  }

  /** Has itself replaced. */
  #giveUp(error: TaskError): false {
    this.#isParked = true;
    this.#post({ crash: error });
    return false;
  }

  /**
   * At its heap limit V8 raises the limit a little and ends the running code. Deno reports that as an
   * error only where no promise is in between; a risen limit tells it in every case.
   */
  #watchHeap(): void {
    this.#watch ??= setInterval(() => {
      this.#status.noteUsed(usedMiB()); // one that is never idle says so too
      if (getHeapStatistics().heap_size_limit > this.#heapLimit) {
        this.#isParked = true;
        this.#post({ outOfMemory: true });
      } else if (this.#status.isIdle) {
        clearInterval(this.#watch);
        this.#watch = undefined;
      }
    }, HEAP_CHECK_EVERY_MS);
  }
}
