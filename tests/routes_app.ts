/** The app on a store of its own, mostly a Redis, with a test in the place of the worker. */

import { assert, assertEquals } from "@std/assert";
import type { Broker, Claimed, Outcome } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import type { SettingInfo } from "../jobs/wire.ts";
import { type AccessSettings, OPEN } from "../routes/access_parts.ts";
import { type App, createApp } from "../routes/app.ts";
import { TestRedis } from "./redis.ts";
import type { TestStore } from "./stores.ts";

export const WORKER = "tester";

interface AppOptions {
  tutorialRoutes?: boolean;
  allowedHosts?: string[];
  access?: Partial<AccessSettings>;
  settings?: SettingInfo[];
}

export class TestApp implements AsyncDisposable {
  private constructor(
    private readonly store: TestStore,
    readonly broker: Broker,
    readonly app: App,
  ) {}

  static async start(options: AppOptions & { durable?: boolean } = {}): Promise<TestApp> {
    return TestApp.on(await TestRedis.start({ durable: options.durable ?? false }), options);
  }

  /** On another store, which ends with it. */
  static on(store: TestStore, options: AppOptions = {}): TestApp {
    const broker = connectBroker(store.url);
    const app = createApp({
      broker,
      registry: new Registry(tasks),
      tutorialRoutes: options.tutorialRoutes ?? true,
      version: "1.2.3",
      allowedHosts: options.allowedHosts ?? null,
      access: { ...OPEN, ...options.access },
      settings: options.settings ?? [],
    });
    return new TestApp(store, broker, app);
  }

  get redis(): TestRedis {
    assert(this.store instanceof TestRedis);
    return this.store;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return Promise.resolve(this.app.request(path, { headers }));
  }

  /** Posts a value as JSON, or, without one, no body at all. */
  post(path: string, value?: unknown, headers?: Record<string, string>): Promise<Response> {
    return this.#send("POST", path, value, headers);
  }

  patch(path: string, value?: unknown): Promise<Response> {
    return this.#send("PATCH", path, value);
  }

  #send(method: string, path: string, value: unknown, headers: Record<string, string> = {}) {
    const json = value === undefined ? {} : {
      body: JSON.stringify(value),
      headers: { "content-type": "application/json", ...headers },
    };
    return Promise.resolve(this.app.request(path, { method, headers, ...json }));
  }

  /** Starts a task and answers its id. */
  async task(name: string, args: unknown[], more: Record<string, unknown> = {}): Promise<string> {
    const response = await this.post("/tasks", { name, args, ...more });
    assertEquals(response.status, 202);
    return (await response.json()).task_id;
  }

  /** Takes the next task as a worker would. */
  async claim(queue = "default"): Promise<Claimed> {
    const [claimed] = await this.broker.claim(WORKER, [queue], 1);
    assert(claimed, `nothing waits in ${queue}`);
    return claimed;
  }

  async progress({ id, token }: Claimed, percent: number, stage: string | null = null) {
    const report = { id, token, progress: { percent, stage, meta: null } };
    assertEquals(await this.broker.report(WORKER, [report]), [true]);
  }

  async settle({ id, token }: Claimed, outcome: Outcome) {
    assertEquals(await this.broker.settle(WORKER, [{ id, token, outcome }]), [true]);
  }

  /** Has the next task of a queue fail for good. */
  async fail(message: string, queue = "default"): Promise<void> {
    const error = { type: "TypeError", message, stack: null };
    await this.settle(await this.claim(queue), { state: "FAILURE", error });
  }

  /** Runs the next task of a queue to its success. */
  async run(result: unknown, queue = "default"): Promise<void> {
    const claimed = await this.claim(queue);
    await this.settle(claimed, { state: "SUCCESS", result: JSON.stringify(result) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await this.broker.close();
    await this.store[Symbol.asyncDispose]();
  }
}

/** Asserts that this is a well-formed problem, and answers it. */
export async function problem(response: Response, status: number) {
  const text = await response.text();
  assertEquals(response.status, status, text);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  const body = JSON.parse(text);
  assertEquals(body.status, status);
  assertEquals(body.type, "about:blank");
  assert(body.title && body.detail, "a problem has a title and a detail");
  assert(!/\bat .*\.ts:\d/.test(text), "a problem has no stack trace");
  return body;
}
