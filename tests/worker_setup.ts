/** A store, mostly a Redis, a broker on it, and workers for a test, with the fixtures as their tasks. */

import { assert, assertExists } from "@std/assert";
import { AsyncPool } from "../jobs/async_pool.ts";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import type { Pool } from "../jobs/pool.ts";
import { Registry } from "../jobs/registry.ts";
import { AsyncResult, type CallOptions, type TaskHandle, useBroker } from "../jobs/task.ts";
import { ThreadPool, type ThreadPoolOptions } from "../jobs/thread_pool.ts";
import type { Task } from "../jobs/wire.ts";
import { Worker } from "../jobs/worker.ts";
import type { WorkerOptions } from "../jobs/worker_options.ts";
import { fixtureTasks } from "./fixtures/tasks.ts";
import { TestRedis } from "./redis.ts";
import { STORES, type TestStore } from "./stores.ts";
import { until } from "./until.ts";

export const registry = new Registry(fixtureTasks);

export const WORKER: Omit<WorkerOptions, "concurrency"> = {
  name: "w",
  hostname: "test",
  version: "0",
  queues: ["default"],
  prefetchMultiplier: 4,
  timeLimit: 20,
  softTimeLimit: 0,
  autoscaleKeepMs: 1000,
  graceMs: 5000,
  leaseMs: 10_000,
};

export const THREADS: ThreadPoolOptions = {
  size: 1,
  memoryLimit: 64,
  maxTasksPerChild: Infinity,
  maxMemoryPerChild: Infinity,
  program: new URL("./fixtures/thread.ts", import.meta.url),
};

/** Its workers stop with it. */
export class Setup implements AsyncDisposable {
  readonly #workers: { worker: Worker; broker: Broker; ran: Promise<void> }[] = [];

  private constructor(private readonly store: TestStore, readonly broker: Broker) {}

  static async start(startStore: () => Promise<TestStore> = STORES.Redis): Promise<Setup> {
    const store = await startStore();
    const broker = connectBroker(store.url);
    useBroker(broker);
    return new Setup(store, broker);
  }

  get url(): string {
    return this.store.url;
  }

  get redis(): TestRedis {
    assert(this.store instanceof TestRedis);
    return this.store;
  }

  threads(
    size: number,
    options: { pool?: Partial<ThreadPoolOptions>; worker?: Partial<WorkerOptions> } = {},
  ): Worker {
    return this.#work(new ThreadPool({ ...THREADS, size, ...options.pool }), options.worker);
  }

  async(size: number, options: Partial<WorkerOptions> = {}): Worker {
    return this.#work(new AsyncPool(registry, size), options);
  }

  #work(pool: Pool, options: Partial<WorkerOptions> = {}) {
    const broker = connectBroker(this.store.url);
    const name = `w${this.#workers.length}`;
    const worker = new Worker(broker, pool, {
      ...WORKER,
      name,
      concurrency: { max: pool.size, min: pool.size },
      ...options,
    });
    this.#workers.push({ worker, broker, ran: worker.run() });
    return worker;
  }

  /** Starts a task and waits for its end. */
  async run(task: TaskHandle, args: unknown[] = [], options: CallOptions = {}): Promise<Task> {
    return await this.ended(await this.call(task, args, options));
  }

  async call(task: TaskHandle, args: unknown[] = [], options: CallOptions = {}): Promise<string> {
    return (await task.applyAsync(args, options)).id;
  }

  async ended(id: string): Promise<Task> {
    await new AsyncResult(id).get({ timeoutMs: 30_000 }).catch(() => {});
    return await this.task(id);
  }

  async task(id: string): Promise<Task> {
    const task = await this.broker.get(id);
    assertExists(task);
    return task;
  }

  /** Waits until one of its workers runs a task: one that is only claimed may still go back. */
  started(id: string): Promise<void> {
    const isHere = ({ task_id }: { task_id: string }) => task_id === id;
    return until(() => this.#workers.some(({ worker }) => worker.beat().running.some(isHere)));
  }

  /** How often a task has begun to run that notes it; it may have been claimed more often. */
  async began(id: string): Promise<number> {
    const events = await this.broker.events(id, 0) ?? [];
    return events.flatMap(({ log = "" }) => log.split("\n").filter((line) => line === "began"))
      .length;
  }

  async stopped(): Promise<void> {
    await Promise.all(this.#workers.map(({ ran }) => ran));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { worker } of this.#workers) {
      worker.stop();
      worker.stop();
    }
    await this.stopped();
    await Promise.all([this.broker, ...this.#workers.map(({ broker }) => broker)]
      .map((broker) => broker.close()));
    await this.store[Symbol.asyncDispose]();
  }
}
