/**
 * The pool on the main loop, for many tasks that mostly wait for I/O. It cannot stop a busy loop:
 * one would hold up its neighbours and the heartbeat. A task that is stopped and does not listen to
 * its signal goes on unseen; its outcome is ignored.
 */

import { clearImmediate, setImmediate } from "node:timers";
import { ChurnMap } from "../lib/churn_map.ts";
import type { Claimed } from "./broker.ts";
import { Context } from "./context.ts";
import { execute } from "./execute.ts";
import type { AbortReason, Pool, PoolListener } from "./pool.ts";
import type { Registry } from "./registry.ts";

/**
 * After so many the event loop goes round: tasks that do not wait for anything would otherwise all run in
 * one turn, and nothing would reach the broker meanwhile.
 */
const BEGIN_AT_ONCE = 64;

export class AsyncPool implements Pool {
  readonly kind = "async";
  readonly maxTasksPerChild = null;
  readonly growsBy = Infinity;
  readonly starting = 0;
  /** By task id; what came first is first. */
  readonly #waiting = new ChurnMap<string, Claimed>();
  readonly #running = new ChurnMap<string, Context>();
  #listener: PoolListener | undefined;
  #size: number;
  #begun = 0;
  #pause: ReturnType<typeof setImmediate> | undefined;

  /** @param size how many tasks run at once */
  constructor(private readonly registry: Registry, size: number) {
    this.#size = size;
  }

  get size(): number {
    return Math.max(this.#size, this.#running.size);
  }

  resize(size: number): void {
    this.#size = size;
    this.#beginMore();
  }

  start(listener: PoolListener): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  run(jobs: Claimed[]): void {
    for (const job of jobs) this.#waiting.set(job.id, job);
    this.#beginMore();
  }

  takeBack(id: string): boolean {
    return this.#waiting.delete(id);
  }

  abort(id: string, reason: AbortReason): void {
    this.#running.get(id)?.abort(reason);
  }

  stop(id: string): void {
    this.abort(id, "stopped");
    this.#running.delete(id);
    this.#beginMore();
  }

  /** It tells of everything at once. */
  look(): void {}

  threadOf(): null {
    return null;
  }

  slotOf(): string {
    return "main";
  }

  threads(): [] {
    return [];
  }

  taskNames(): string[] {
    return this.registry.names();
  }

  /** There are no threads to replace. */
  restart(): Promise<void> {
    return Promise.resolve();
  }

  /** The main loop's memory is not the pool's. */
  giveBackMemory(): void {}

  close(): Promise<void> {
    this.#waiting.clear();
    clearImmediate(this.#pause);
    for (const id of [...this.#running.keys()]) this.stop(id);
    return Promise.resolve();
  }

  #beginMore(): void {
    if (this.#pause) return;
    for (const job of this.#waiting.values()) {
      if (this.#running.size >= this.#size) return;
      this.#waiting.delete(job.id);
      void this.#run(job);
      if (++this.#begun % BEGIN_AT_ONCE === 0) return this.#goOnLater();
    }
  }

  #goOnLater(): void {
    this.#pause = setImmediate(() => {
      this.#pause = undefined;
      this.#beginMore();
    });
  }

  async #run(job: Claimed): Promise<void> {
    const begunAt = performance.now();
    // A stopped run may have been handed out again: only the present one is heard.
    const isCurrent = () => this.#running.get(job.id) === context;
    const context = new Context(job, (updates) => {
      if (isCurrent()) this.#listener?.onUpdates(job, updates);
    });
    this.#running.set(job.id, context);
    this.#listener?.onBegin(job, begunAt);
    const outcome = await execute(this.registry, job, context);
    context.close();
    if (!isCurrent()) return;
    this.#running.delete(job.id);
    this.#listener?.onOutcome(job, outcome, performance.now() - begunAt);
    this.#beginMore();
  }
}
