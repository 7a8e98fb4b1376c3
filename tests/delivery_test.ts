/** No task is lost or doubled by workers that are paused, busy or replaced. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBroker } from "../jobs/connect.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { webhook } from "../jobs/tasks/webhook.ts";
import { ThreadPool } from "../jobs/thread_pool.ts";
import { upkeep } from "../jobs/upkeep.ts";
import { Worker } from "../jobs/worker.ts";
import { Ticker } from "../lib/ticker.ts";
import { fixtures } from "./fixtures/tasks.ts";
import type { Program } from "./program.ts";
import { Site } from "./site.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";
import { THREADS, WORKER } from "./worker_setup.ts";

const stores = Object.entries(STORES);

/** A receiver of webhooks that answers each when it is told what. */
class Patient implements AsyncDisposable {
  /** Give the answers, in the order in which they are awaited. */
  readonly answers: ((text: string) => void)[] = [];
  readonly #stop = new AbortController();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: this.#stop.signal, onListen() {} },
    async () => new Response(await new Promise<string>((answer) => this.answers.push(answer))),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
  }
}

for (const [kind, startStore] of stores) {
  Deno.test(`${kind}: a worker that sleeps beyond its lease changes nothing, notices, and works on`, async () => {
    await using site = await Site.start(startStore);
    await using receiver = new Patient();
    const { url, answers } = receiver;
    await using frozen = site.talkativeWorker("frozen", "--lease", "2");
    const ending = await site.call(webhook, { url, body: 1, timeout: 120 });
    const long = await site.call(createTask, [300]);
    await until(() => answers.length === 1);
    await site.underWay(long);
    frozen.signal("SIGSTOP");
    await using _heir = site.worker("heir", "--lease", "2");
    const isHeirs = async (id: string) => (await site.task(id)).worker?.startsWith("heir") ?? false;
    await until(() => answers.length === 2);
    for (const id of [ending, long]) await until(() => isHeirs(id));
    await site.underWay(long);
    answers[0]?.("the frozen one's"); // so the next thing that this run does is to end
    frozen.signal("SIGCONT");

    // The heir's slots are full: whoever runs this has stopped its own run of a lost task.
    const other = await site.call(createTask, [1]);
    await until(async () => (await site.task(other)).status === "SUCCESS");
    assert((await site.task(other)).worker?.startsWith("frozen"));
    assertEquals((await site.task(ending)).status, "PROGRESS");
    answers[1]?.("the heir's");
    await until(async () => (await site.task(ending)).status === "SUCCESS");
    const ended = await site.task(ending);
    assertEquals([await isHeirs(ending), ended.retries, ended.result], [true, 0, {
      status: 200,
      answer: "the heir's",
    }]);
    const events = await site.broker.events(long, 0) ?? [];
    const again = events.slice(events.findLastIndex(({ status }) => status === "STARTED"));
    const steps = again.map(({ progress }) => Math.round(progress * 3));
    assertEquals([steps[0], steps], [0, steps.toSorted((a, b) => a - b)]);
    await site.broker.revoke(long);
    const { code, stderr } = await frozen.stop();
    assertEquals(code, 0);
    assertStringIncludes(stderr, `${long}] is no longer this worker's: stopping it`);
  });
}

Deno.test("a task of many leases runs once, although it never lets its thread go", async () => {
  const leaseMs = 2000; // the least that can be chosen
  await Promise.all(stores.map(async ([kind, startStore]) => {
    await using site = await Site.start(startStore);
    const broker = connectBroker(site.store.url, { leaseMs });
    const pool = new ThreadPool(THREADS);
    const options = { ...WORKER, timeLimit: 0, concurrency: { max: 1, min: 1 }, leaseMs };
    const worker = new Worker(broker, pool, options);
    const ran = worker.run();
    const reaping = new Ticker(upkeep(site.broker)); // as another process does
    reaping.start();
    const file = await Deno.makeTempFile();
    const id = await site.call(fixtures.busy_noted, [6 * leaseMs, file]);
    await until(async () => (await site.task(id)).status === "SUCCESS", 60_000);
    const { retries } = await site.task(id);
    assertEquals([kind, await Deno.readTextFile(file), retries], [kind, "began\n", 0]);
    await Deno.remove(file);
    await reaping.stop();
    worker.stop();
    await ran;
    await broker.close();
  }));
});

/** Counts what was posted to it, by the id of the task that posts. */
function countingServer(): { url: string; counts: Map<string, number>; server: Deno.HttpServer } {
  const counts = new Map<string, number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const id = request.headers.get("idempotency-key") ?? "";
    counts.set(id, (counts.get(id) ?? 0) + 1);
    await request.text();
    await sleep(50);
    return new Response("thanks");
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, counts, server };
}

for (const [kind, startStore] of stores) {
  Deno.test(`${kind}: workers are replaced under load, and nothing is lost, retried or done twice`, async () => {
    await using site = await Site.start(startStore);
    const { url, counts, server } = countingServer();
    const start = (name: string) => site.worker(name, "-c", "3", "-l", "error");
    let workers: Program[] = ["a1", "b1"].map(start);
    await until(async () => (await site.broker.workers()).length === 2);

    const ids: string[] = [];
    let producing = true;
    const producer = (async () => {
      for (; producing; await sleep(20)) ids.push(await site.call(webhook, { url, body: 1 }));
    })();
    for (let round = 2; round <= 3; round++) {
      for (let i = 0; i < workers.length; i++) {
        const before = ids.length;
        const next = start(`${"ab"[i]}${round}`);
        await until(
          async () => ids.length > before + 20 && await site.isUp(`${"ab"[i]}${round}`),
        );
        assertEquals(await workers[i]?.kill("SIGTERM"), 0);
        workers = workers.with(i, next);
      }
    }
    producing = false;
    await producer;
    const isIdle = async () => {
      const queues = await site.broker.queues();
      return queues.every(({ waiting, active, scheduled }) => waiting + active + scheduled === 0);
    };
    await until(isIdle);
    for (const worker of workers) assertEquals(await worker.kill("SIGTERM"), 0);
    assert(ids.length > 80, `only ${ids.length} tasks`);
    for (const id of ids) {
      const { status, retries, error } = await site.task(id);
      assertEquals([status, retries, error], ["SUCCESS", 0, null]);
      assertEquals(counts.get(id), 1);
    }
    assertEquals(counts.size, ids.length);
    await server.shutdown();
  });
}
