/**
 * The pool of threads, like Celery's prefork: one task at a time each, and each can be ended without
 * harm to its neighbours. Threads are `node:worker_threads`, because those report every exit and
 * take a heap limit; a web `Worker` does neither.
 */

import { Worker as Thread } from "node:worker_threads";
import { getLogger } from "@logtape/logtape";
import type { Claimed, Outcome } from "./broker.ts";
import type { AbortReason, Pool, PoolListener } from "./pool.ts";
import { toTaskError } from "./errors.ts";
import { type FromThread, open, seal, type ThreadData, type ToThread } from "./thread_messages.ts";
import type { TaskError, ThreadInfo } from "./wire.ts";

export interface ThreadPoolOptions {
  /** Number of threads at first. */
  size: number;
  /** MiB of heap that a thread may use; a task that wants more is ended with its thread. */
  memoryLimit: number;
  /** A thread is replaced after this many tasks; Infinity for never. */
  maxTasksPerChild: number;
  /** MiB: a thread that keeps more after a task is replaced before the next; Infinity for never. */
  maxMemoryPerChild: number;
  /** The threads' program, if not this program's own tasks. */
  program?: URL;
}

// A bundle holds the thread's program beside its own, as JavaScript.
const THREAD_URL = new URL(
  import.meta.url.endsWith(".js") ? "./thread.js" : "./thread.ts",
  import.meta.url,
);

/** Loading this program's tasks takes a thread much less, on any machine that is good for anything. */
const START_MS = 60_000;

const log = getLogger(["taskapp", "worker"]);

type Ended = Extract<FromThread, { outcome: Outcome }>;

/** A thread and what is known of it. */
interface Child {
  thread: Thread;
  /** Resolves when it can take tasks; rejects if it ends before. */
  ready: Promise<void>;
  /** Nobody listens to it: not any more, or, before it has proved itself, not yet. */
  dismissed: boolean;
}

/** One place for a task to run. Its thread changes, the slot stays. */
interface Slot {
  /** A number that no other slot has now. */
  name: string;
  child: Child;
  job: Claimed | null;
  /** How many tasks its thread has been given. */
  given: number;
  /** What its thread used when its last task had ended. */
  usedMiB: number | null;
  /** Its thread is replaced when its task has ended. */
  outdated: boolean;
  /** Started while the thread works on its last task, so that no task waits for it. */
  next: Child | null;
}

export class ThreadPool implements Pool {
  readonly kind = "threads";
  readonly growsBy = 1;
  #slots: Slot[] = [];
  #size: number;
  #taskNames: string[] = [];
  /** A thread that has to start before others do. */
  #trial: Child | undefined;
  readonly #exits = new Set<Promise<unknown>>();
  #listener: PoolListener | undefined;

  constructor(private readonly options: ThreadPoolOptions) {
    this.#size = options.size;
  }

  get size(): number {
    return this.#size;
  }

  resize(size: number): void {
    this.#size = Math.max(size, this.#slots.filter(({ job }) => job !== null).length);
    while (this.#slots.length < this.#size) {
      this.#slots.push({
        name: this.#freeName(),
        child: this.#spawn(),
        job: null,
        given: 0,
        usedMiB: null,
        outdated: false,
        next: null,
      });
    }
    let surplus = this.#slots.length - this.#size;
    this.#slots = this.#slots.filter(({ child, job }) => {
      if (job !== null || surplus === 0) return true;
      surplus--;
      this.#dismiss(child);
      return false;
    });
  }

  async start(listener: PoolListener): Promise<void> {
    this.resize(this.#size);
    try {
      await Promise.all(this.#slots.map(({ child }) => child.ready));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#listener = listener;
  }

  run(job: Claimed): void {
    const slot = this.#slots.find((each) => each.job === null);
    if (!slot) throw new Error("invariant: run() was called without a free slot");
    slot.job = job;
    slot.given++;
    if (slot.given >= this.options.maxTasksPerChild) slot.next = this.#spawn();
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

  async restart(): Promise<void> {
    if (this.#trial) throw new Error("new threads are being started already: tell it again later");
    // What does not even start must not take the place of what runs.
    const first = this.#spawn();
    first.dismissed = true; // nobody listens to it yet
    this.#trial = first;
    try {
      await first.ready;
    } catch (error) {
      this.#dismiss(first);
      throw error;
    } finally {
      this.#trial = undefined;
    }
    first.dismissed = false;
    for (const slot of this.#slots) {
      if (slot.next) this.#dismiss(slot.next);
      slot.next = null;
      slot.outdated = true;
    }
    const slot = this.#slots.find(({ job }) => job === null) ?? this.#slots[0];
    if (slot) slot.next = first;
    void this.#replaceIdle();
  }

  /** One after the other: the rest goes on to work, and making a thread holds up this one. */
  async #replaceIdle(): Promise<void> {
    while (true) {
      const slot = this.#slots.find(({ job, outdated }) => outdated && job === null);
      if (!slot) return;
      this.#replace(slot);
      try {
        await slot.child.ready;
      } catch {
        return; // the pool is broken, or was closed
      }
    }
  }

  giveBackMemory(): void {
    for (const slot of this.#slots) this.#post(slot, { giveBackMemory: true });
  }

  async close(): Promise<void> {
    if (this.#trial) this.#dismiss(this.#trial);
    for (const { child, next } of this.#slots) {
      this.#dismiss(child);
      if (next) this.#dismiss(next);
    }
    await Promise.all(this.#exits);
  }

  threadOf(id: string): number | null {
    return this.#slotOf(id)?.child.thread.threadId ?? null;
  }

  slotOf(id: string): string {
    return this.#slotOf(id)?.name ?? "";
  }

  threads(): ThreadInfo[] {
    return this.#slots.map(({ name, job, given, usedMiB }) => ({
      slot: name,
      tasks_done: job === null ? given : given - 1,
      memory_mib: usedMiB === null ? null : Math.round(usedMiB),
    }));
  }

  taskNames(): string[] {
    return this.#taskNames;
  }

  get maxTasksPerChild(): number | null {
    const { maxTasksPerChild } = this.options;
    return maxTasksPerChild === Infinity ? null : maxTasksPerChild;
  }

  #freeName(): string {
    const taken = new Set(this.#slots.map(({ name }) => name));
    let number = 1;
    while (taken.has(String(number))) number++;
    return String(number);
  }

  #slotOf(id: string): Slot | undefined {
    return this.#slots.find((slot) => slot.job?.id === id);
  }

  #post(slot: Slot, message: ToThread): void {
    slot.child.thread.postMessage(seal(message));
  }

  #spawn(): Child {
    const { program = THREAD_URL, memoryLimit, maxMemoryPerChild } = this.options;
    const workerData: ThreadData = { maxMemoryPerChild };
    const thread = new Thread(program, {
      workerData,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryLimit,
        // V8 takes several times as much if it may, 50 MiB a busy thread, and is no faster for it.
        maxYoungGenerationSizeMb: 8,
      },
    });
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    const child: Child = { thread, ready, dismissed: false };
    thread.on("message", (posted: unknown) => {
      const message = open<FromThread>(posted);
      if (!message) return;
      if (!("ready" in message)) return this.#hear(child, message);
      clearTimeout(starting);
      this.#taskNames = message.ready.tasks;
      resolve();
    });
    const failed = (error: TaskError) => {
      clearTimeout(starting);
      reject(new Error(`A worker thread cannot start: ${error.message}`));
      this.#fail(child, error);
    };
    thread.on("error", (error: Error & { code?: string }) => {
      const full = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      failed(full ? this.#memoryError() : toTaskError(error));
    });
    thread.on("exit", (code) => {
      const message = `the task ended its thread with exit code ${code}`;
      failed({ type: "WorkerLostError", message, stack: null });
    });
    const starting = setTimeout(() => {
      const message = `it was not ready within ${START_MS / 1000} s`;
      failed({ type: "WorkerLostError", message, stack: null });
    }, START_MS);
    // One that cannot even start will not start the next time either.
    ready.catch((error) => {
      if (!child.dismissed) this.#listener?.onBroken(error);
    });
    return child;
  }

  /** The slot that a thread works for; none once it has been dismissed, or not yet. */
  #owner(child: Child): Slot | undefined {
    return child.dismissed ? undefined : this.#slots.find((slot) => slot.child === child);
  }

  #hear(child: Child, message: Exclude<FromThread, { ready: unknown }>): void {
    const slot = this.#owner(child);
    if (!slot) return;
    if ("crash" in message) this.#fail(child, message.crash);
    else if ("outOfMemory" in message) this.#fail(child, this.#memoryError());
    else if (slot.job && "updates" in message) this.#listener?.onUpdates(slot.job, message.updates);
    else if (slot.job && "outcome" in message) {
      this.#finish(slot, slot.job, message);
    }
  }

  #finish(slot: Slot, job: Claimed, { outcome, usedMiB, keptMiB }: Ended): void {
    slot.job = null;
    slot.usedMiB = usedMiB;
    if (keptMiB !== null) {
      log.info("A thread is replaced: it kept {mib} MiB after {name}[{id}]", {
        mib: keptMiB,
        name: job.name,
        id: job.id,
      });
    }
    if (slot.next || slot.outdated || keptMiB !== null) this.#replace(slot);
    this.#listener?.onOutcome(job, outcome);
  }

  /** The thread is no good any more, and its task, if it had one, has failed with it. */
  #fail(child: Child, error: TaskError): void {
    const waitedFor = this.#slots.find(({ next }) => next === child);
    if (waitedFor) waitedFor.next = null; // it ended before its turn: then another is made
    const slot = this.#owner(child);
    if (!slot || !this.#listener) return;
    const { job } = slot;
    this.#replace(slot);
    if (job) this.#listener.onOutcome(job, { state: "FAILURE", error });
  }

  #replace(slot: Slot): void {
    this.#dismiss(slot.child);
    slot.child = slot.next ?? this.#spawn();
    slot.next = null;
    slot.job = null;
    slot.given = 0;
    slot.usedMiB = null;
    slot.outdated = false;
  }

  #dismiss(child: Child): void {
    child.dismissed = true;
    const exit = child.thread.terminate();
    this.#exits.add(exit);
    exit.finally(() => this.#exits.delete(exit));
  }

  #memoryError(): TaskError {
    const message = `used more than ${this.options.memoryLimit} MiB of memory`;
    return { type: "MemoryLimitExceeded", message, stack: null };
  }
}
