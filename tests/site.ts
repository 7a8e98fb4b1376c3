import { assertExists } from "@std/assert";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import type { TaskHandle } from "../jobs/task.ts";
import type { Task } from "../jobs/wire.ts";
import { Program } from "./program.ts";
import type { TestStore } from "./stores.ts";
import { until } from "./until.ts";

/** A store and a broker on it, for a test that starts workers. */
export class Site implements AsyncDisposable {
  private constructor(readonly store: TestStore, readonly broker: Broker) {}

  static async start(startStore: () => Promise<TestStore>): Promise<Site> {
    const store = await startStore();
    return new Site(store, connectBroker(store.url));
  }

  get env(): Record<string, string> {
    return { TASKAPP_BROKER: this.store.url, TASKAPP_WEBHOOK_HOSTS: "127.0.0.1" };
  }

  worker(name: string, ...args: string[]): Program {
    return Program.start(["work", "-n", name, "-c", "2", ...args], this.env, this.store.cwd);
  }

  /** One that tells at its end what it logged. */
  talkativeWorker(name: string, ...args: string[]): Program {
    const command = ["work", "-n", name, "-c", "2", ...args];
    return Program.startPiped(command, this.env, this.store.cwd);
  }

  async call(task: TaskHandle, args: unknown): Promise<string> {
    const prepared = await task.prepare(args);
    await this.broker.enqueue([prepared]);
    return prepared.id;
  }

  async task(id: string): Promise<Task> {
    const task = await this.broker.get(id);
    assertExists(task);
    return task;
  }

  /** Waits until a task says that it is under way; the first start of a program takes its time. */
  underWay(id: string): Promise<void> {
    return until(async () => (await this.task(id)).status === "PROGRESS");
  }

  /** Whether a worker of this name has signed on. */
  async isUp(name: string): Promise<boolean> {
    return (await this.broker.workers()).some(({ hostname }) => hostname === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.close();
    await this.store[Symbol.asyncDispose]();
  }
}
