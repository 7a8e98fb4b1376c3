import { assert, assertEquals, assertExists, assertRejects } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { setEnvironmentData } from "node:worker_threads";
import { AsyncPool } from "../jobs/async_pool.ts";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { useBroker } from "../jobs/task.ts";
import { ThreadPool } from "../jobs/thread_pool.ts";
import { Worker } from "../jobs/worker.ts";
import { faulty } from "./faulty_broker.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { TestRedis } from "./redis.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";
import { registry, Setup, THREADS, WORKER } from "./worker_setup.ts";

for (const kind of ["threads", "async"] as const) {
  const name = (what: string) => `${kind} pool: ${what}`;

  Deno.test(name("tasks succeed, fail, retry and give up as they say"), async () => {
    await using setup = await Setup.start();
    setup[kind](4);
    const echo = await setup.run(fixtures.echo, [{ deep: ["ü", 1] }]);
    assertEquals([echo.status, echo.result, echo.runtime_ms !== null], ["SUCCESS", {
      deep: ["ü", 1],
    }, true]);
    const [fails, flaky, retries, rejects, huge, circular] = await Promise.all([
      setup.run(fixtures.fails),
      setup.run(fixtures.flaky),
      setup.run(fixtures.retries, [], { maxRetries: 2 }),
      setup.run(fixtures.rejects),
      setup.run(fixtures.huge),
      setup.run(fixtures.circular),
    ]);
    assertEquals([fails.status, fails.error?.type, fails.retries], ["FAILURE", "TypeError", 0]);
    assert(fails.error?.stack?.includes("tests/fixtures/tasks.ts"));
    assertEquals([flaky.status, flaky.result], ["SUCCESS", { attempt: 3, retries: 2 }]);
    assertEquals([retries.status, retries.error?.message, retries.retries], [
      "FAILURE",
      "again",
      2,
    ]);
    assertEquals([rejects.status, rejects.error?.type, rejects.retries], ["FAILURE", "Reject", 0]);
    assertEquals([huge.status, huge.error?.type], ["FAILURE", "ResultTooLargeError"]);
    assertEquals([circular.status, circular.error?.type], ["FAILURE", "TypeError"]);
    const [never, strange] = await Promise.all([
      setup.run(fixtures.retries_never),
      setup.run(fixtures.strange_error),
    ]);
    assertEquals([never.status, never.retries], ["FAILURE", 3]);
    assertEquals([strange.error?.message, strange.attempt], ["{ not: 'text' }", 1]);
  });

  Deno.test(name("what a task says after its end reaches no other task"), async () => {
    await using setup = await Setup.start();
    setup[kind](1);
    await setup.run(fixtures.talks_late);
    const next = await setup.run(fixtures.nap, [400]);
    const events = await setup.broker.events(next.task_id, 0) ?? [];
    assertEquals([next.status, events.filter(({ stage }) => stage !== null)], ["SUCCESS", []]);
  });

  Deno.test(name("reports are merged, and the last one arrives"), async () => {
    await using setup = await Setup.start();
    setup[kind](1);
    const task = await setup.run(fixtures.chatty);
    const events = await setup.broker.events(task.task_id, 0) ?? [];
    const progress = events.filter(({ status }) => status === "PROGRESS");
    assert(progress.length <= 5, `${progress.length} reports of 1000 arrived one by one`);
    assertEquals(progress.map(({ stage }) => stage).filter((s, i, all) => s !== all[i - 1]), [
      "FIRST",
      "SECOND",
    ]);
    assertEquals([progress.at(-1)?.progress, task.meta], [100, { i: 1000 }]);
    const lines = events.flatMap(({ log }) => log?.split("\n") ?? []);
    assertEquals(lines, Array.from({ length: 1000 }, (_, i) => `line ${i + 1}`));
  });

  Deno.test(name("the soft limit asks, the hard limit stops"), async () => {
    await using setup = await Setup.start();
    setup[kind](3);
    const [obeys, cleansUp, ignores] = await Promise.all([
      setup.run(fixtures.nap, [10_000], { softTimeLimit: 0.2 }),
      setup.run(fixtures.cleans_up, [], { softTimeLimit: 0.2 }),
      setup.run(fixtures.nap, [10_000], { timeLimit: 0.3 }),
    ]);
    assertEquals([obeys.status, obeys.error?.type], ["FAILURE", "SoftTimeLimitExceeded"]);
    assertEquals(cleansUp.result, "stopped by SoftTimeLimitExceeded");
    assertEquals([ignores.status, ignores.error?.type], ["FAILURE", "TimeLimitExceeded"]);
    assertEquals(ignores.error?.message, "ran longer than its time limit of 0.3 s");
    assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
  });

  Deno.test(name("a running task is revoked, and its slot is free again soon"), async () => {
    await using setup = await Setup.start();
    setup[kind](1);
    const id = await setup.call(fixtures.nap, [60_000]);
    await setup.started(id);
    const revoked = performance.now();
    await setup.broker.revoke(id);
    // The only slot is free again when another task gets through.
    assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
    const ms = performance.now() - revoked;
    assert(ms < 5000, `stopped after ${ms} ms`);
    assertEquals((await setup.task(id)).status, "REVOKED");
  });
}

Deno.test("a busy loop is ended by its hard limit while its neighbour finishes", async () => {
  await using setup = await Setup.start();
  setup.threads(2);
  const [busy, neighbour] = await Promise.all([
    setup.run(fixtures.busy, [60_000], { timeLimit: 0.5 }),
    setup.run(fixtures.noted, [1000]),
  ]);
  assertEquals([busy.status, busy.error?.type], ["FAILURE", "TimeLimitExceeded"]);
  assertEquals([neighbour.status, await setup.began(neighbour.task_id)], ["SUCCESS", 1]);
  const after = await Promise.all([1, 2].map((n) => setup.run(fixtures.echo, [n])));
  assertEquals(after.map(({ result }) => result), [1, 2]);
});

Deno.test("a busy loop is revoked, and its slot is free again soon", async () => {
  await using setup = await Setup.start();
  setup.threads(1);
  const id = await setup.call(fixtures.busy, [60_000]);
  await setup.started(id);
  const revoked = performance.now();
  await setup.broker.revoke(id);
  assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
  const ms = performance.now() - revoked;
  assert(ms < 15_000, `stopped after ${ms} ms`); // a new thread has to start
});

for (const task of [fixtures.fills_memory, fixtures.fills_memory_later]) {
  Deno.test(`${task.name}: a full heap ends its task and no other`, async () => {
    await using setup = await Setup.start();
    setup.threads(2);
    const [full, neighbour] = await Promise.all([
      setup.run(task),
      setup.run(fixtures.noted, [1500]),
    ]);
    assertEquals([full.status, full.error?.type], ["FAILURE", "MemoryLimitExceeded"]);
    assertEquals([neighbour.status, await setup.began(neighbour.task_id)], ["SUCCESS", 1]);
    assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
  });
}

for (const task of [fixtures.exits, fixtures.throws_aside, fixtures.rejects_aside]) {
  Deno.test(`${task.name}: a task that breaks its thread fails alone`, async () => {
    await using setup = await Setup.start();
    setup.threads(1);
    const broken = await setup.run(task);
    assertEquals(broken.status, "FAILURE");
    const expected = task === fixtures.exits
      ? ["WorkerLostError", "the task ended its thread with exit code 3"]
      : ["RangeError", "nobody awaits this"];
    assertEquals([broken.error?.type, broken.error?.message], expected);
    assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
  });
}

Deno.test("no task is claimed for a thread that is still starting", async () => {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  setEnvironmentData("gate", gate.buffer);
  await using setup = await Setup.start(STORES.SQLite);
  setup.threads(1, { pool: { program: new URL("./fixtures/gated_thread.ts", import.meta.url) } });
  await setup.run(fixtures.echo, [1]);
  Atomics.store(gate, 0, 1);
  await setup.run(fixtures.exits);
  const id = await setup.call(fixtures.echo, [2]);
  await sleep(1200); // it has looked by itself, too
  assertEquals((await setup.task(id)).deliveries, 0);
  Atomics.store(gate, 0, 0);
  assertEquals((await setup.ended(id)).status, "SUCCESS");
  // The thread took so long that none is claimed ahead, however short the tasks are.
  await setup.started(await setup.call(fixtures.nap, [10_000]));
  const next = await setup.call(fixtures.echo, [3]);
  await sleep(200);
  assertEquals((await setup.task(next)).deliveries, 0);
});

Deno.test("what task code posts to the main thread is nothing to it", async () => {
  await using setup = await Setup.start();
  setup.threads(1);
  const posts = await setup.run(fixtures.posts);
  assertEquals([posts.status, posts.result], ["SUCCESS", "posted"]);
  assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
});

Deno.test("stopping lets running tasks finish and leaves waiting ones to others", async () => {
  await using setup = await Setup.start();
  const worker = setup.threads(1);
  const running = await setup.call(fixtures.nap, [600]);
  const waiting = await setup.call(fixtures.echo, [1]);
  await setup.started(running);
  worker.stop();
  await setup.stopped();
  assertEquals((await setup.task(running)).status, "SUCCESS");
  const left = await setup.task(waiting);
  assertEquals([left.status, left.retries], ["PENDING", 0]);
  assertEquals(await setup.broker.workers(), []);
});

Deno.test("what outlasts the grace is handed back and runs elsewhere", async () => {
  await using setup = await Setup.start();
  const worker = setup.threads(2, { worker: { graceMs: 200 } });
  const ids = [await setup.call(fixtures.busy, [60_000]), await setup.call(fixtures.nap, [60_000])];
  for (const id of ids) await setup.started(id);
  worker.stop();
  await setup.stopped();
  for (const id of ids) {
    const task = await setup.task(id);
    assertEquals([task.status, task.retries], ["PENDING", 0]);
  }
});

for (const signals of [1, 2]) {
  Deno.test(`after ${signals} stop(s) a begun task that may not run twice fails, others go back`, async () => {
    await using setup = await Setup.start();
    const worker = setup.threads(1, { worker: { graceMs: signals === 1 ? 200 : 60_000 } });
    const call = async (task: typeof fixtures.busy) => {
      const prepared = await task.prepare([60_000]);
      await setup.broker.enqueue([{ ...prepared, onLost: "fail" }]);
      return prepared.id;
    };
    const begun = await call(fixtures.busy);
    await setup.started(begun);
    const waiting = await call(fixtures.busy);
    for (let i = 0; i < signals; i++) worker.stop();
    await setup.stopped();
    const [failed, left] = [await setup.task(begun), await setup.task(waiting)];
    assertEquals([failed.status, failed.retries, failed.error?.type, failed.error?.message], [
      "FAILURE",
      0,
      "WorkerLostError",
      "its worker was stopped while it ran, and it may not run twice",
    ]);
    assertEquals([left.status, left.deliveries], ["PENDING", 0]);
  });
}

Deno.test("what may not run twice is not given back by a worker that cannot tell its end", async () => {
  await using setup = await Setup.start();
  const begun = await fixtures.nap.prepare([60_000]);
  let isCutOff = false;
  const { broker } = faulty(setup.broker, () => isCutOff ? "before" : "none", ["settle"]);
  const worker = new Worker(broker, new AsyncPool(registry, 1), {
    ...WORKER,
    concurrency: { max: 1, min: 1 },
    graceMs: 0,
  });
  const ran = worker.run();
  await setup.broker.enqueue([{ ...begun, onLost: "fail" }]);
  await until(() => worker.running === 1);
  isCutOff = true;
  worker.stop();
  await ran;
  // Not signed off, so that what becomes of it is that of a lost worker's task.
  assertEquals((await setup.broker.workers()).map(({ active }) => active), [1]);
  assertEquals((await setup.task(begun.id)).status, "STARTED");
});

Deno.test("a second stop hands back at once", async () => {
  await using setup = await Setup.start();
  const worker = setup.threads(1);
  const id = await setup.call(fixtures.busy, [60_000]);
  await setup.started(id);
  worker.stop();
  worker.stop();
  await setup.stopped();
  assertEquals((await setup.task(id)).status, "PENDING");
});

for (const order of ["quiet", "stop"] as const) {
  Deno.test(`what a claim brings after ${order}() goes back and is not begun`, async () => {
    await using setup = await Setup.start();
    const id = await setup.call(fixtures.echo, [1]);
    const broker = new Proxy(setup.broker, {
      get(target, property) {
        const value = Reflect.get(target, property, target);
        if (property !== "claim") return typeof value === "function" ? value.bind(target) : value;
        return async (...args: Parameters<Broker["claim"]>) => {
          const jobs = await target.claim(...args);
          if (jobs.length > 0) worker[order]();
          return jobs;
        };
      },
    });
    const worker = new Worker(broker, new AsyncPool(registry, 1), {
      ...WORKER,
      concurrency: { max: 1, min: 1 },
    });
    const ran = worker.run();
    const task = async () => await setup.task(id);
    await until(async () => (await task()).deliveries === 1 && (await task()).status === "PENDING");
    if (order === "quiet") worker.stop();
    await ran;
    assertEquals([(await task()).status, (await task()).retries], ["PENDING", 0]);
  });
}

Deno.test("a worker takes delayed tasks when they are due, without a poll", async () => {
  await using setup = await Setup.start();
  setup.async(1);
  // A poll each second would be half a second late for two of these at least.
  const ids = await Promise.all(
    [0.5, 1.25, 2, 2.75].map((countdown) => setup.call(fixtures.echo, [1], { countdown })),
  );
  const late: number[] = [];
  for (const id of ids) {
    const task = await setup.ended(id);
    assertEquals(task.status, "SUCCESS");
    late.push(Date.parse(task.started_at ?? "") - Date.parse(task.eta ?? ""));
  }
  assert(Math.min(...late) >= 0 && (late.toSorted((a, b) => a - b)[2] ?? 0) < 450, `${late} ms`);
});

Deno.test("short tasks claimed ahead do not wait behind a long one", async () => {
  await using setup = await Setup.start();
  setup.threads(1);
  // Enough short ones that the worker claims ahead, then one that holds its only slot.
  await Promise.all(Array.from({ length: 50 }, (_, i) => setup.run(fixtures.echo, [i])));
  const calls = await Promise.all(
    [
      fixtures.nap.prepare([8000]),
      ...Array.from({ length: 3 }, (_, i) => fixtures.echo.prepare([i])),
    ],
  );
  await setup.broker.enqueue(calls);
  const [long, ...short] = calls.map(({ id }) => id);
  assertExists(long);
  await setup.started(long);
  setup.threads(1);
  const ended = await Promise.all(short.map((id) => setup.ended(id)));
  assert(ended.every(({ status }) => status === "SUCCESS"));
  assertEquals((await setup.task(long)).finished_at, null);
});

Deno.test("a claim whose answer was lost is handed back", async () => {
  await using setup = await Setup.start();
  const id = await setup.call(fixtures.echo, [1], { queue: "elsewhere" });
  setup.async(1);
  // Claimed in the worker's name, and the worker never hears of it.
  await setup.broker.claim("w0", ["elsewhere"], 1);
  await until(async () => (await setup.task(id)).status === "PENDING");
  assertEquals((await setup.task(id)).retries, 0);
});

Deno.test("a worker whose connection is cut keeps its task", async () => {
  await using setup = await Setup.start();
  setup.async(1);
  setup.async(1);
  const id = await setup.call(fixtures.nap, [4000]);
  await setup.started(id);
  for (let i = 0; i < 3; i++) {
    await setup.redis.command("CLIENT", "KILL", "TYPE", "normal");
    await sleep(700);
  }
  const task = await setup.ended(id);
  assertEquals([task.status, task.deliveries], ["SUCCESS", 1]);
});

Deno.test("threads that cannot start end the worker with what is wrong", async () => {
  await using setup = await Setup.start();
  const program = new URL("./fixtures/no_such_program.ts", import.meta.url);
  const pool = new ThreadPool({ ...THREADS, program });
  const worker = new Worker(setup.broker, pool, {
    ...WORKER,
    name: "broken",
    concurrency: { max: 1, min: 1 },
  });
  await assertRejects(() => worker.run(), Error, "A worker thread cannot start");
});

Deno.test("workers and callers outlive a Redis that stops and comes back", async () => {
  await using redis = await TestRedis.start({ durable: true });
  const broker = connectBroker(redis.url);
  useBroker(broker);
  const working = connectBroker(redis.url);
  const worker = new Worker(working, new AsyncPool(registry, 4), {
    ...WORKER,
    concurrency: { max: 4, min: 4 },
  });
  const ran = worker.run();
  const long = await fixtures.nap.delay(2500);
  const accepted: string[] = [];
  let producing = true;
  const producer = (async () => {
    while (producing) {
      await fixtures.echo.delay(1).then(({ id }) => accepted.push(id), () => sleep(20));
    }
  })();
  await until(() => accepted.length > 200);
  await redis.down();
  await until(async () => await broker.ping().then(() => false, () => true));
  await redis.up();
  const before = accepted.length;
  await until(() => accepted.length > before + 200);
  producing = false;
  await producer;
  await until(async () => {
    const [queue] = await broker.queues();
    return queue?.waiting === 0 && queue.active === 0;
  });
  for (const id of accepted) {
    const task = await broker.get(id);
    assertEquals([task?.status, task?.retries], ["SUCCESS", 0], JSON.stringify(task));
  }
  assertEquals(await long.get(), "slept");
  assertEquals((await long.task())?.deliveries, 1);
  worker.stop();
  await ran;
  await Promise.all([working.close(), broker.close()]);
});
