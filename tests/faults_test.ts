/** What networks and Redis do to a server and a worker, with real processes, and that both get over it. */

import { assertEquals, assertExists, assertRejects } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { isReady } from "../jobs/wire.ts";
import { type Fault, FaultProxy } from "./fault_proxy.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { numbers, TestSocket } from "./routes_socket.ts";
import { together } from "./together.ts";
import { until } from "./until.ts";

/** All goes on so long after a fault has ended. */
const RECOVERY_MS = 10_000;
/** Longer than any wait for an answer, so that each is given up in between. */
const FAULT_MS = 6000;

/** A Redis; a server and a worker that reach it through a proxy only; a page that watches. */
class Site implements AsyncDisposable {
  private constructor(
    readonly redis: TestRedis,
    readonly proxy: FaultProxy,
    readonly port: number,
    private readonly programs: Program[],
    /** Not through the proxy. */
    private readonly broker: Broker,
    private readonly socket: TestSocket,
  ) {}

  static async start(): Promise<Site> {
    const redis = await TestRedis.start({ durable: true });
    const proxy = new FaultProxy(redis.port);
    const port = freePort();
    const programs = [["serve", "--port", `${port}`], ["work", "-c", "2"]]
      .map((args) => Program.start(args, { TASKAPP_BROKER: proxy.url }));
    const broker = connectBroker(redis.url);
    await until(async () => (await broker.workers()).length === 1, 60_000);
    await until(() => isReachable(port), 60_000);
    const socket = await TestSocket.openAt(port, "/ws");
    return new Site(redis, proxy, port, programs, broker, socket);
  }

  /** Tasks are accepted before, while and after the fault goes on; each runs to its only end. */
  async endure(begin: () => unknown, end: () => unknown, ms = FAULT_MS): Promise<void> {
    const ids = [await this.task(0.4), await this.task(0.4), await this.task(0.1)];
    await until(async () => (await this.broker.get(ids[0] ?? ""))?.status === "PROGRESS");
    await begin();
    for (const ended = performance.now() + ms; performance.now() < ended; await sleep(500)) {
      // Redis itself may be what fails: then nothing was answered, and nothing promised.
      await this.task(0.1).then((id) => ids.push(id), () => {});
    }
    await end();
    await until(() => this.areEnded(ids), RECOVERY_MS);
    await until(() => this.wakesWorker(ids), RECOVERY_MS);
    for (const id of ids) await this.assertWatched(id);
  }

  async task(seconds: number): Promise<string> {
    const task = await longRunningTask.prepare([seconds]);
    await this.broker.enqueue([task]);
    this.socket.send({ subscribe: [task.id] });
    return task.id;
  }

  /** Whether three tasks in a row run at once: each would wait a second if the worker only polled. */
  private async wakesWorker(ids: string[]): Promise<boolean> {
    const started = performance.now();
    for (let i = 0; i < 3; i++) {
      const id = await this.task(0);
      ids.push(id);
      await until(() => this.areEnded([id]));
    }
    return performance.now() - started < 2500;
  }

  private async areEnded(ids: string[]): Promise<boolean> {
    const tasks = await Promise.all(ids.map((id) => this.broker.get(id).catch(() => null)));
    return tasks.every((task) => task && isReady(task.status));
  }

  /** The watcher was told every event once and in order, and one of them was the end. */
  private async assertWatched(id: string): Promise<void> {
    const task = await this.broker.get(id);
    assertExists(task);
    assertEquals(task.status, "SUCCESS");
    const events = await this.broker.events(id, 0) ?? [];
    assertEquals(events.filter(({ status }) => isReady(status)).length, 1);
    const snapshot = () => this.socket.snapshots.find(({ task_id }) => task_id === id);
    await until(() => {
      const told = snapshot()?.events;
      return told === task.events || this.socket.seqs(id).at(-1) === task.events;
    }, RECOVERY_MS);
    const told = snapshot()?.events ?? 0; // before it subscribes to the first task, it hears of all
    assertEquals(this.socket.seqs(id).filter((seq) => seq > told), numbers(task.events, told));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket[Symbol.asyncDispose]();
    for (const program of this.programs) await program[Symbol.asyncDispose]();
    await this.broker.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

async function isReachable(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

interface Ordeal {
  begin(site: Site): unknown;
  end?(site: Site): unknown;
  ms?: number;
}

function proxyFault(fault: Fault): Ordeal {
  return {
    begin: ({ proxy }) => proxy.fault = fault,
    end: ({ proxy }) => proxy.fault = "none",
  };
}

/** What happens one after the other at each site. */
const SITES: Record<string, Ordeal>[] = [
  {
    "connections are refused": proxyFault("refused"),
    "connections look open, but nothing arrives": proxyFault("all vanishes"),
  },
  {
    "Redis does what it is told, but its answers vanish": proxyFault("answers vanish"),
    "nothing reaches Redis, which goes on speaking": proxyFault("questions vanish"),
    // Long enough for every connection to be used; those made afterwards work, these never again.
    "connections die in silence": { ...proxyFault("all vanishes"), ms: 3000 },
  },
  {
    "connections break again and again": {
      begin: async ({ proxy }) => {
        for (let i = 0; i < 10; i++) {
          proxy.cutAfter(/evalsha/i); // something was done, and nobody was told
          await sleep(150);
          proxy.cut();
          await sleep(150);
        }
      },
      ms: 0,
    },
    "all is slow": {
      begin: ({ proxy }) => Object.assign(proxy, { delayMs: 200, bytesPerSecond: 30_000 }),
      end: ({ proxy }) => Object.assign(proxy, { delayMs: 0, bytesPerSecond: Infinity }),
    },
  },
  {
    "Redis dies and is restarted": {
      begin: ({ redis }) => redis.down(),
      end: ({ redis }) => redis.up(),
      ms: 3000,
    },
    "Redis hangs": { begin: ({ redis }) => redis.freeze(), end: ({ redis }) => redis.thaw() },
    "Redis pauses its clients": {
      begin: ({ redis }) => redis.command("CLIENT", "PAUSE", `${FAULT_MS}`),
    },
    "Redis closes the connections for commands": {
      begin: ({ redis }) => redis.command("CLIENT", "KILL", "TYPE", "normal"),
      ms: 500,
    },
    "Redis closes the subscriptions": {
      begin: ({ redis }) => redis.command("CLIENT", "KILL", "TYPE", "pubsub"),
      ms: 500,
    },
  },
];

together(
  "whatever a network or Redis does, all goes on within 10 s, and nothing is lost",
  Object.fromEntries(SITES.map((ordeals) => [Object.keys(ordeals).join(", "), async () => {
    await using site = await Site.start();
    for (const [what, { begin, end, ms }] of Object.entries(ordeals)) {
      try {
        await site.endure(() => begin(site), () => end?.(site), ms);
      } catch (cause) {
        throw new Error(what, { cause });
      }
    }
  }])),
);

Deno.test("a request whose answer was lost can be repeated under its key, and starts one task", async () => {
  await using redis = await TestRedis.start();
  await using toRedis = new FaultProxy(redis.port);
  const port = freePort();
  await using _server = Program.start(["serve", "--port", `${port}`], {
    TASKAPP_BROKER: toRedis.url,
  });
  await using toServer = new FaultProxy(port);
  await until(() => isReachable(port), 60_000);
  const post = (key: string) =>
    fetch(`http://127.0.0.1:${toServer.port}/tasks`, {
      method: "POST",
      headers: { "idempotency-key": key, "content-type": "application/json" },
      body: JSON.stringify({ name: "divide", args: [1, 2] }),
    });
  const start = async (key: string): Promise<string> => (await (await post(key)).json()).task_id;
  const broker = connectBroker(redis.url);
  const known = async () => (await broker.list({ limit: 10 })).tasks.map(({ task_id }) => task_id);

  toServer.cutAfter(/first/);
  await assertRejects(() => post("first"), TypeError);
  const [first = ""] = await known();
  assertEquals(await start("first"), first);

  toRedis.cutAfter(/second/); // the server asks again by itself
  const second = await start("second");
  assertEquals(await known(), [second, first]);

  toRedis.fault = "answers vanish";
  const refused = await post("third");
  assertEquals(refused.status, 503);
  await refused.body?.cancel();
  const [accepted = ""] = await known();
  toRedis.fault = "none";
  await until(() => isReachable(port));
  assertEquals(await start("third"), accepted);
  assertEquals(await known(), [accepted, second, first]);
  await broker.close();
});
