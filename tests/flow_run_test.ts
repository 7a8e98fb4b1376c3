import { assert, assertEquals, assertRejects } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AsyncPool } from "../jobs/async_pool.ts";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import type { FlowPolicy } from "../jobs/flow.ts";
import { Registry } from "../jobs/registry.ts";
import { type AsyncResult, defineTask, type TaskHandle, useBroker } from "../jobs/task.ts";
import { Worker } from "../jobs/worker.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";
import { WORKER } from "./worker_setup.ts";

/** Which keys run at this moment, and when runs have started. */
const running = new Map<string, number>();
const most = new Map<string, number>();
const starts: number[] = [];

const define = (name: string, policy: FlowPolicy<[string]>, ms: number) =>
  defineTask({
    name,
    input: z.tuple([z.string()]),
    ...policy,
    async run([key]) {
      starts.push(performance.now());
      const now = (running.get(key) ?? 0) + 1;
      running.set(key, now);
      most.set(key, Math.max(most.get(key) ?? 0, now));
      await sleep(ms);
      running.set(key, (running.get(key) ?? 0) - 1);
      return key;
    },
  });

const keyed = define("keyed", { concurrencyKey: ([key]) => key, concurrencyLimit: 2 }, 20);
const slow = define("slow", { rateLimit: "20/s" }, 0);
const once = define("once", { unique: "end", uniqueKey: ([key]) => key }, 500);
const plain = define("plain", {}, 5);

/** Registers a test with two workers, on each store. */
function withWorkers(
  name: string,
  test: (run: typeof ended, broker: Broker) => Promise<void>,
): void {
  for (const [kind, start] of Object.entries(STORES)) {
    Deno.test(`${kind}: ${name}`, async () => {
      for (const seen of [running, most]) seen.clear();
      starts.length = 0;
      await using store = await start();
      const client = connectBroker(store.url);
      useBroker(client);
      const workers = ["w1", "w2"].map((name) => {
        const broker = connectBroker(store.url);
        const registry = new Registry([keyed, slow, once, plain] as TaskHandle[]);
        const worker = new Worker(broker, new AsyncPool(registry, 10), {
          ...WORKER,
          name,
          concurrency: { max: 10, min: 10 },
        });
        return { broker, worker, ran: worker.run() };
      });
      try {
        await test(ended, client);
      } finally {
        for (const { worker } of workers) worker.stop();
        await Promise.all(workers.map(({ ran }) => ran));
        for (const { broker } of [...workers, { broker: client }]) await broker.close();
      }
    });
  }
}

async function ended(results: AsyncResult<string>[]): Promise<string[]> {
  return await Promise.all(results.map((result) => result.get({ timeoutMs: 20_000 })));
}

function many(task: TaskHandle<typeof keyed.definition.input, string>, keys: string[]) {
  return Promise.all(keys.map((key) => task.delay(key)));
}

withWorkers("no more tasks of a key run than may, and those of others go on", async (ended) => {
  const keys = Array.from({ length: 40 }, (_, i) => i < 30 ? "much" : `little ${i % 2}`);
  const results = await many(keyed, keys);
  const others = await many(plain, ["no key", "no key"]);
  assertEquals(await ended([...results, ...others]), [...keys, "no key", "no key"]);
  for (const key of ["much", "little 0", "little 1"]) assertEquals(most.get(key), 2, key);
});

withWorkers("tasks of a name start at their rate, on all workers together", async (ended) => {
  const results = await many(slow, new Array(12).fill("a"));
  await ended(await many(plain, ["unlimited"]));
  await ended(results);
  // 20 a second with a burst of 2: the twelfth starts 500 ms after the first, clocks aside.
  const span = Math.max(...starts) - Math.min(...starts);
  assert(span > 400, `twelve starts within ${span} ms`);
});

withWorkers("a queue's limit counts for what waits, until it is lifted", async (ended, broker) => {
  await broker.limitQueue("default", { rateLimit: "1/h", concurrencyLimit: 1 });
  const results = await many(plain, ["a", "b", "c", "d"]);
  await until(() => starts.length === 1);
  await sleep(100);
  assertEquals(starts.length, 1);
  await broker.limitQueue("default", { rateLimit: null });
  assertEquals((await ended(results)).length, 4);
  assertEquals(starts.length, 4);
});

withWorkers("a unique task is started once while it has not ended", async (ended) => {
  const results = await many(once, new Array(8).fill("same"));
  assertEquals(new Set(results.map(({ id }) => id)).size, 1);
  await ended(results);
  assertEquals(starts.length, 1);
  assertEquals(results.map(({ created }) => created).sort(), [...new Array(7).fill(false), true]);
  const next = await once.delay("same");
  assert(next.created);
  assert(next.id !== results[0]?.id);
  await ended([next]);
  assertEquals(await next.forget(), true);
  await until(async () => await next.state() === null);
  assertEquals(await next.forget(), false);
});

withWorkers("an idempotency key of another call is refused in code too", async (ended) => {
  const options = { idempotencyKey: "order 17" };
  const first = await plain.applyAsync(["a"], options);
  const again = await plain.applyAsync(["a"], options);
  assertEquals([again.id, first.created, again.created], [first.id, true, false]);
  await assertRejects(() => plain.applyAsync(["b"], options), RangeError, first.id);
  await ended([first]);
});
