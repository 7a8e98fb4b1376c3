/**
 * The pool of threads, like Celery's prefork: one task at a time each, and each can be ended without
 * harm to its neighbours. They take tasks from a queue that they share (thread_queue.ts).
 */

import { getLogger } from "@logtape/logtape";
import { Average } from "../lib/average.ts";
import { ChurnMap } from "../lib/churn_map.ts";
import type { Claimed, Outcome } from "./broker.ts";
import type { Work } from "./context.ts";
import type { AbortReason, Pool, PoolListener } from "./pool.ts";
import { Child } from "./thread_child.ts";
import type { FromThread, Kept } from "./thread_messages.ts";
import { ThreadQueue } from "./thread_queue.ts";
import { decodeOutcome, encodeWork } from "./thread_work.ts";
import type { TaskError, ThreadInfo } from "./wire.ts";

/** A thread that goes on with another task at once does not always ring; this one looks by itself then. */
const LOOK_AGAIN_MS = 2;
/** A thread is woken for tasks that take so long together: it costs some time itself. */
const WORTH_WAKING_MS = 0.5;

const log = getLogger(["taskapp", "worker"]);

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

/** One place for a task to run. Its thread changes, the slot stays. */
interface Slot {
  /** A number that no other slot has now. */
  name: string;
  child: Child;
  /** Its thread is replaced when it has nothing to do. */
  outdated: boolean;
  /** It goes with its thread, which has been told to. */
  surplus: boolean;
  /** Started while the thread works on its last task, so that no task waits for it. */
  next: Child | null;
}

/** A task that waits in the queue or runs. */
interface Entry {
  job: Claimed;
  cell: number;
  /** By `performance.now()`. */
  putAt: number;
  /** The thread that has begun it, as far as is known. */
  child: Child | undefined;
}

export class ThreadPool implements Pool {
  readonly kind = "threads";
  readonly growsBy = 1;
  readonly #queue = new ThreadQueue();
  /** What waits and what runs, by task id, in the order in which it came. */
  readonly #entries = new ChurnMap<string, Entry>();
  #slots: Slot[] = [];
  #taskNames: string[] = [];
  /** A thread that has to start before others do. */
  #trial: Child | undefined;
  #lookingAgain: ReturnType<typeof setTimeout> | undefined;
  readonly #runMs = new Average();
  readonly #exits = new Set<Promise<unknown>>();
  #listener: PoolListener | undefined;

  constructor(private readonly options: ThreadPoolOptions) {}

  get size(): number {
    return this.#slots.length || this.options.size;
  }

  get starting(): number {
    return this.#slots.filter(({ child, surplus }) => !child.isReady && !surplus).length;
  }

  resize(size: number): void {
    for (const slot of this.#slots) if (slot.surplus) this.#keep(slot);
    while (this.#slots.length < size) this.#slots.push(this.#makeSlot());
    let surplus = this.#slots.length - size;
    this.#slots = this.#slots.filter(({ child }) => {
      if (surplus === 0 || !child.status.close()) return true;
      surplus--;
      this.#dismiss(child);
      return false;
    });
    // Those that work go when their tasks have ended.
    for (const slot of this.#slots.slice(size)) {
      slot.surplus = true;
      slot.child.status.isLeaving = true;
    }
  }

  async start(listener: PoolListener): Promise<void> {
    this.resize(this.options.size);
    try {
      await Promise.all(this.#slots.map(({ child }) => child.ready));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#listener = listener;
  }

  run(jobs: Claimed[]): void {
    const putAt = performance.now();
    for (const job of jobs) {
      const cell = this.#queue.put(encodeWork(job));
      this.#entries.set(job.id, { job, cell, putAt, child: undefined });
    }
    const work = jobs.length * this.#runMs.value / WORTH_WAKING_MS;
    this.#wake(Math.ceil(Math.min(jobs.length, Math.max(1, work))));
    this.#lookAgain(); // it may have been too few
  }

  takeBack(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry && this.#queue.takeBack(entry.cell)) return this.#entries.delete(id);
    this.look();
    return false;
  }

  abort(id: string, reason: AbortReason): void {
    this.#entries.get(id)?.child?.post({ abort: reason, id });
  }

  stop(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    const slot = entry.child && this.#slotOf(entry.child);
    if (!this.#cutOff(entry)) return this.#queue.release(entry.cell); // it has ended just now
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
    const slot = this.#slots.find(({ child }) => child.status.isIdle) ?? this.#slots[0];
    if (slot) slot.next = first;
    void this.#replaceOutdated();
  }

  /** One idle thread after the other: the rest goes on to work, and making one holds up this one. */
  async #replaceOutdated(): Promise<void> {
    const outdated = () => this.#slots.filter((slot) => slot.outdated);
    const leave = (slots: Slot[]) =>
      slots.forEach(({ child: { status } }) => status.isLeaving = true);
    leave(outdated().filter(({ child }) => !child.status.isIdle));
    while (true) {
      const slot = outdated().find(({ child }) => child.status.close());
      if (!slot) return leave(outdated());
      this.#replace(slot);
      try {
        await slot.child.ready;
      } catch {
        return; // the pool is broken, or was closed
      }
    }
  }

  giveBackMemory(): void {
    for (const slot of this.#slots) slot.child.post({ giveBackMemory: true });
  }

  async close(): Promise<void> {
    this.#entries.clear();
    clearTimeout(this.#lookingAgain);
    if (this.#trial) this.#dismiss(this.#trial);
    for (const { child, next } of this.#slots) {
      this.#dismiss(child);
      if (next) this.#dismiss(next);
    }
    await Promise.all(this.#exits);
  }

  threadOf(id: string): number | null {
    return this.#entries.get(id)?.child?.threadId ?? null;
  }

  slotOf(id: string): string {
    const child = this.#entries.get(id)?.child;
    return child && this.#slotOf(child)?.name || "";
  }

  threads(): ThreadInfo[] {
    return this.#slots.map(({ name, child: { status: { ended, usedMiB } } }) => ({
      slot: name,
      tasks_done: ended,
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

  look(): void {
    this.#queue.answer();
    let news = false;
    for (const entry of this.#entries.values()) {
      const fate = this.#queue.fateOf(entry.cell);
      if (fate.state === "ready") continue;
      if (fate.state !== "done") {
        if (entry.child) continue;
        entry.child = this.#childOf(fate.thread);
        this.#listener?.onBegin(entry.job, begunAt(entry, fate.at));
      } else {
        if (!entry.child) this.#listener?.onBegin(entry.job, begunAt(entry, fate.at));
        this.#end(entry, decodeOutcome(this.#queue.outcome(entry.cell)), fate.ms);
      }
      news = true;
    }
    if (news) this.#lookAgain();
  }

  #lookAgain(): void {
    if (this.#entries.size === 0) return;
    this.#lookingAgain ??= setTimeout(() => {
      this.#lookingAgain = undefined;
      this.#wake(1);
      this.look();
    }, LOOK_AGAIN_MS);
  }

  /** The end of a task of which its thread has told. */
  #end({ job, cell }: Entry, outcome: Outcome, ms: number): void {
    this.#entries.delete(job.id);
    this.#queue.release(cell);
    this.#runMs.add(ms);
    this.#listener?.onOutcome(job, outcome, ms);
  }

  /** Ends the thread of a task before that ends it; false where it has. */
  #cutOff({ cell }: Entry): boolean {
    const fate = this.#queue.fateOf(cell);
    if (fate.state === "ready" || fate.state === "done") return false;
    if (!this.#queue.stop(cell, fate.thread)) return false;
    const child = this.#childOf(fate.thread);
    if (child) this.#dismiss(child);
    return true;
  }

  #makeSlot(): Slot {
    const taken = new Set(this.#slots.map(({ name }) => name));
    let number = 1;
    while (taken.has(String(number))) number++;
    const child = this.#spawn();
    return { name: String(number), child, outdated: false, surplus: false, next: null };
  }

  #spawn(): Child {
    const child = new Child(this.options, this.#queue.shared, {
      onReady: (tasks, ms) => {
        this.#taskNames = tasks;
        this.#wake(1);
        this.#listener?.onReady(ms);
      },
      onMessage: (...message) => this.#hear(...message),
      onFailed: (...failure) => this.#fail(...failure),
    });
    // One that cannot even start will not start the next time either.
    child.ready.catch((error) => {
      if (!child.dismissed) this.#listener?.onBroken(error);
    });
    return child;
  }

  /** Wakes so many threads that rest, if there is anything to do. */
  #wake(threads: number): void {
    if (!this.#queue.hasReady) return;
    let left = threads;
    for (const { child, surplus } of this.#slots) {
      if (left === 0) return;
      if (surplus || !child.isReady || !child.status.wake()) continue;
      child.post({ wake: true });
      left--;
    }
  }

  #childOf(number: number): Child | undefined {
    return this.#slots.find(({ child }) => child.number === number)?.child;
  }

  /** The slot that a thread works for; none once it has been dismissed, or not yet. */
  #slotOf(child: Child): Slot | undefined {
    return child.dismissed ? undefined : this.#slots.find((slot) => slot.child === child);
  }

  #hear(child: Child, message: Exclude<FromThread, { ready: unknown }>): void {
    this.look();
    const slot = this.#slotOf(child);
    if (!slot) return;
    if ("last" in message) slot.next ??= this.#spawn();
    if ("parked" in message) this.#onParked(slot, message.parked);
    if (!("updates" in message || "outcome" in message || "fetch" in message)) return;
    const cell = "fetch" in message ? message.fetch : message.cell;
    const entry = this.#entries.values().find((each) => each.cell === cell && each.child === child);
    if (!entry) return;
    if ("fetch" in message) child.post({ work: workOf(entry.job) });
    if ("updates" in message) this.#listener?.onUpdates(entry.job, message.updates);
    if ("outcome" in message) {
      this.#end(entry, message.outcome, message.ms);
      if (child.status.goOn()) child.post({ wake: true });
    }
  }

  #onParked(slot: Slot, kept: Kept | null): void {
    if (kept) log.info("A thread is replaced: it kept {mib} MiB after {name}[{id}]", { ...kept });
    if (!slot.surplus) return this.#replace(slot);
    this.#slots = this.#slots.filter((each) => each !== slot);
    this.#dismiss(slot.child);
  }

  /** The thread is no good any more, and its task, if it had one, has failed with it. */
  #fail(child: Child, error: TaskError): void {
    const waitedFor = this.#slots.find(({ next }) => next === child);
    if (waitedFor) waitedFor.next = null; // it ended before its turn: then another is made
    const slot = this.#slotOf(child);
    if (!slot || !this.#listener) return;
    this.look();
    const entry = this.#entries.values().find((each) => each.child === child);
    const isItsOwn = entry !== undefined && this.#cutOff(entry);
    this.#replace(slot);
    if (!isItsOwn) {
      const { type, message } = error;
      log.warn("A thread is replaced: it broke between two tasks: {type}: {message}", {
        type,
        message,
      });
      return;
    }
    this.#entries.delete(entry.job.id);
    this.#listener.onOutcome(
      entry.job,
      { state: "FAILURE", error },
      performance.now() - entry.putAt,
    );
  }

  /** A slot that was to go stays; if its thread has gone by then, another takes its place. */
  #keep(slot: Slot): void {
    slot.surplus = false;
    if (!slot.outdated) slot.child.status.isLeaving = false;
  }

  #replace(slot: Slot): void {
    this.#dismiss(slot.child);
    slot.child = slot.next ?? this.#spawn();
    slot.next = null;
    slot.outdated = false;
    if (slot.surplus) slot.child.status.isLeaving = true;
    this.#wake(1);
  }

  #dismiss(child: Child): void {
    const exit = child.dismiss();
    this.#exits.add(exit);
    exit.finally(() => this.#exits.delete(exit));
  }
}

function workOf({ id, name, args, attempt, retries, maxRetries }: Claimed): Work {
  return { id, name, args, attempt, retries, maxRetries };
}

/** When a task has begun, by `performance.now()`: threads have clocks of their own, and Unix time may jump. */
function begunAt({ putAt }: Entry, unixMs: number): number {
  const now = performance.now();
  return unixMs === 0 ? now : Math.min(now, Math.max(putAt, now - (Date.now() - unixMs)));
}
