/**
 * The pool of threads, like Celery's prefork: one task at a time each, and each can be ended without
 * harm to its neighbours. Threads are `node:worker_threads`, because those report every exit and
 * take a heap limit; a web `Worker` does neither.
 */

import { Worker as Thread } from "node:worker_threads";
import type { Claimed, Outcome } from "./broker.ts";
import type { AbortReason, Pool, PoolListener } from "./pool.ts";
import { toTaskError } from "./errors.ts";
import type { FromThread, ToThread } from "./thread_loop.ts";
import type { TaskError } from "./wire.ts";

export interface ThreadPoolOptions {
  /** Number of threads. */
  size: number;
  /** MiB of heap that one task may use. */
  maxMemory: number;
  /** A thread is replaced after this many tasks; Infinity for never. */
  maxTasksPerChild: number;
  /** The threads' program, if not this program's own tasks. */
  program?: URL;
}

// A bundle holds the thread's program beside its own, as JavaScript.
const THREAD_URL = new URL(
  import.meta.url.endsWith(".js") ? "./thread.js" : "./thread.ts",
  import.meta.url,
);

/** One place for a task to run. Its thread changes, the slot stays. */
interface Slot {
  thread: Thread;
  job: Claimed | null;
  /** How many tasks its thread has been given. */
  given: number;
  /** Started while the thread works on its last task, so that no task waits for it. */
  next: Thread | null;
}

export class ThreadPool implements Pool {
  readonly kind = "threads";
  readonly #slots: Slot[] = [];
  readonly #exits = new Set<Promise<unknown>>();
  #listener: PoolListener | undefined;
  #closing = false;

  constructor(private readonly options: ThreadPoolOptions) {}

  get size(): number {
    return this.options.size;
  }

  async start(listener: PoolListener): Promise<void> {
    this.#listener = listener;
    const online = [];
    for (let i = 0; i < this.size; i++) {
      const slot: Slot = { thread: this.#thread(), job: null, given: 0, next: null };
      this.#adopt(slot, slot.thread);
      this.#slots.push(slot);
      online.push(new Promise((resolve) => slot.thread.once("online", resolve)));
    }
    await Promise.all(online);
  }

  run(job: Claimed): void {
    const slot = this.#slots.find((each) => each.job === null);
    if (!slot) throw new Error("invariant: run() was called without a free slot");
    slot.job = job;
    slot.given++;
    if (slot.given >= this.options.maxTasksPerChild) slot.next = this.#thread();
    this.#post(slot, { run: job });
  }

  abort(id: string, reason: AbortReason): void {
    const slot = this.#slotOf(id);
    if (slot) this.#post(slot, { abort: reason });
  }

  stop(id: string): void {
    const slot = this.#slotOf(id);
    if (slot) this.#replace(slot);
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const { thread, next } of this.#slots) {
      this.#end(thread);
      if (next) this.#end(next);
    }
    await Promise.all(this.#exits);
  }

  #slotOf(id: string): Slot | undefined {
    return this.#slots.find((slot) => slot.job?.id === id);
  }

  #post(slot: Slot, message: ToThread): void {
    slot.thread.postMessage(message);
  }

  #thread(): Thread {
    const thread = new Thread(this.options.program ?? THREAD_URL, {
      resourceLimits: { maxOldGenerationSizeMb: this.options.maxMemory },
    });
    // Until a slot adopts it nobody else listens, and an unheard error would end the process.
    return thread.on("error", () => {});
  }

  /** Listens to a thread for as long as it is the slot's. */
  #adopt(slot: Slot, thread: Thread): void {
    slot.thread = thread;
    const current = (act: () => void) => {
      if (slot.thread === thread && !this.#closing) act();
    };
    thread.on("message", (message: FromThread) => current(() => this.#hear(slot, message)));
    thread.on(
      "error",
      (error: Error & { code?: string }) =>
        current(() =>
          error.code === "ERR_WORKER_OUT_OF_MEMORY"
            ? this.#fail(slot, this.#memoryError())
            : this.#fail(slot, toTaskError(error))
        ),
    );
    thread.on("exit", (code) =>
      current(() =>
        this.#fail(slot, {
          type: "WorkerLostError",
          message: `the task ended its thread with exit code ${code}`,
          stack: null,
        })
      ));
  }

  #hear(slot: Slot, message: FromThread): void {
    const { job } = slot;
    if (job === null) return;
    if ("updates" in message) this.#listener?.onUpdates(job, message.updates);
    else if ("outcome" in message) this.#finish(slot, job, message.outcome);
    else if ("crash" in message) this.#fail(slot, message.crash);
    else this.#fail(slot, this.#memoryError());
  }

  #finish(slot: Slot, job: Claimed, outcome: Outcome): void {
    slot.job = null;
    if (slot.next) this.#replace(slot);
    this.#listener?.onOutcome(job, outcome);
  }

  /** The thread is no good any more, and its task, if it had one, has failed with it. */
  #fail(slot: Slot, error: TaskError): void {
    const { job } = slot;
    this.#replace(slot);
    if (job) this.#listener?.onOutcome(job, { state: "FAILURE", error });
  }

  #replace(slot: Slot): void {
    const old = slot.thread;
    this.#adopt(slot, slot.next ?? this.#thread());
    slot.next = null;
    slot.job = null;
    slot.given = 0;
    this.#end(old);
  }

  #end(thread: Thread): void {
    const exit = thread.terminate();
    this.#exits.add(exit);
    exit.finally(() => this.#exits.delete(exit));
  }

  #memoryError(): TaskError {
    const message = `used more than ${this.options.maxMemory} MiB of memory`;
    return { type: "MemoryLimitExceeded", message, stack: null };
  }
}
