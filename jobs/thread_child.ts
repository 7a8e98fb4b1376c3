/**
 * One thread of a pool. Threads are `node:worker_threads`, because those report every exit and take a
 * heap limit; a web `Worker` does neither.
 */

import { Worker as Thread } from "node:worker_threads";
import { toTaskError } from "./errors.ts";
import { type FromThread, open, seal, type ThreadData, type ToThread } from "./thread_messages.ts";
import type { SharedQueue } from "./thread_queue.ts";
import { ThreadStatus } from "./thread_status.ts";
import type { TaskError } from "./wire.ts";

// A bundle holds the thread's program beside its own, as JavaScript.
const THREAD_URL = new URL(
  import.meta.url.endsWith(".js") ? "./thread.js" : "./thread.ts",
  import.meta.url,
);

/** Loading this program's tasks takes a thread much less, on any machine that is good for anything. */
const START_MS = 60_000;

export interface ChildOptions {
  /** MiB of heap that it may use. */
  memoryLimit: number;
  maxTasksPerChild: number;
  maxMemoryPerChild: number;
  /** The thread's program, if not this program's own tasks. */
  program?: URL;
}

export interface ChildListener {
  /** It can take tasks, so many milliseconds after it was made. */
  onReady(tasks: string[], ms: number): void;
  onMessage(child: Child, message: Exclude<FromThread, { ready: unknown }>): void;
  /** It is no good any more. */
  onFailed(child: Child, error: TaskError): void;
}

let children = 0;

export class Child {
  readonly number = ++children;
  readonly status = new ThreadStatus();
  /** Resolves when it can take tasks; rejects if it ends before. */
  readonly ready: Promise<void>;
  isReady = false;
  /** Nobody listens to it: not any more, or, before it has proved itself, not yet. */
  dismissed = false;
  readonly #madeAt = performance.now();
  readonly #thread: Thread;
  readonly #starting: ReturnType<typeof setTimeout>;
  readonly #readiness = Promise.withResolvers<void>();

  constructor(
    private readonly options: ChildOptions,
    queue: SharedQueue,
    private readonly listener: ChildListener,
  ) {
    const { program = THREAD_URL, memoryLimit, maxTasksPerChild, maxMemoryPerChild } = options;
    const workerData: ThreadData = {
      number: this.number,
      queue,
      status: this.status.shared,
      maxTasksPerChild,
      maxMemoryPerChild,
    };
    this.ready = this.#readiness.promise;
    this.#thread = new Thread(program, {
      workerData,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryLimit,
        // V8 takes several times as much if it may, 50 MiB a busy thread, and is no faster for it.
        maxYoungGenerationSizeMb: 8,
      },
    });
    this.#thread.on("message", (posted: unknown) => this.#hear(posted));
    this.#thread.on("error", (error: Error & { code?: string }) => {
      const full = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      this.#fail(full ? this.#memoryError() : toTaskError(error));
    });
    this.#thread.on("exit", (code) => {
      this.#lose(`the task ended its thread with exit code ${code}`);
    });
    this.#starting = setTimeout(
      () => this.#lose(`it was not ready within ${START_MS / 1000} s`),
      START_MS,
    );
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  post(message: ToThread): void {
    this.#thread.postMessage(seal(message));
  }

  /** Ends it, whatever it does; resolves when it has ended. */
  async dismiss(): Promise<void> {
    this.dismissed = true;
    await this.#thread.terminate();
  }

  #hear(posted: unknown): void {
    const message = open<FromThread>(posted);
    if (!message) return;
    if ("crash" in message) return this.#fail(message.crash);
    if ("outOfMemory" in message) return this.#fail(this.#memoryError());
    if (!("ready" in message)) return this.listener.onMessage(this, message);
    clearTimeout(this.#starting);
    this.isReady = true;
    this.#readiness.resolve();
    this.listener.onReady(message.ready.tasks, performance.now() - this.#madeAt);
  }

  #lose(message: string): void {
    this.#fail({ type: "WorkerLostError", message, stack: null });
  }

  #fail(error: TaskError): void {
    clearTimeout(this.#starting);
    this.#readiness.reject(new Error(`A worker thread cannot start: ${error.message}`));
    this.listener.onFailed(this, error);
  }

  #memoryError(): TaskError {
    const message = `used more than ${this.options.memoryLimit} MiB of memory`;
    return { type: "MemoryLimitExceeded", message, stack: null };
  }
}
