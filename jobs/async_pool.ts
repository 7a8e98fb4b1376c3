/**
 * The pool on the main loop, for many tasks that mostly wait for I/O. It cannot stop a busy loop:
 * one would hold up its neighbours and the heartbeat. A task that is stopped and does not listen to
 * its signal goes on unseen; its outcome is ignored.
 */

import type { Claimed } from "./broker.ts";
import { Context } from "./context.ts";
import { execute } from "./execute.ts";
import { abortError, type AbortReason, type Pool, type PoolListener } from "./pool.ts";
import type { Registry } from "./registry.ts";

export class AsyncPool implements Pool {
  readonly kind = "async";
  readonly maxTasksPerChild = null;
  readonly growsBy = Infinity;
  readonly #running = new Map<string, AbortController>();
  #listener: PoolListener | undefined;
  #size: number;

  /** @param size how many tasks run at once */
  constructor(private readonly registry: Registry, size: number) {
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  resize(size: number): void {
    this.#size = Math.max(size, this.#running.size);
  }

  start(listener: PoolListener): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  run(job: Claimed): void {
    const controller = new AbortController();
    this.#running.set(job.id, controller);
    // A stopped run may have been handed out again: only the present one is heard.
    const current = (act: () => void) => {
      if (this.#running.get(job.id) === controller) act();
    };
    const context = new Context(
      job,
      controller.signal,
      (updates) => current(() => this.#listener?.onUpdates(job, updates)),
    );
    execute(this.registry, job, context).then((outcome) => {
      context.close();
      current(() => {
        this.#running.delete(job.id);
        this.#listener?.onOutcome(job, outcome);
      });
    });
  }

  abort(id: string, reason: AbortReason): void {
    this.#running.get(id)?.abort(abortError(reason));
  }

  stop(id: string): void {
    this.abort(id, "stopped");
    this.#running.delete(id);
  }

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
    for (const id of [...this.#running.keys()]) this.stop(id);
    return Promise.resolve();
  }
}
