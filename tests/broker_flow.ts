/** What every broker must do about flow: limits, turns, unique tasks, expiry, dead tasks, purging. */

import { assert, assertEquals, assertExists } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker, NewTask } from "../jobs/broker.ts";
import {
  beat,
  type Case,
  claimOne,
  failure,
  ids,
  listed,
  newTask,
  newTasks,
  only,
  settle,
  status,
  success,
} from "./broker_kit.ts";
import { until } from "./until.ts";

/** Claims once and answers the tasks' names. */
async function drain(broker: Broker, limit: number): Promise<string[]> {
  const claimed = await broker.claim("w", ["default"], limit);
  return claimed.map(({ name }) => name);
}

function keyed(key: string, count: number, more: Partial<NewTask> = {}): NewTask[] {
  return newTasks(count, { name: key, concurrency: { key, limit: 1 }, ...more });
}

/** Listens as a worker does. */
async function attend(broker: Broker) {
  const heard = { ready: [] as (string | undefined)[], schedule: 0 };
  const attendance = await broker.attend("w", {
    onReady: (queue) => void heard.ready.push(queue),
    onSchedule: () => void heard.schedule++,
    onRevoked: () => {},
    onCommand: () => {},
    onReconnected: () => {},
  });
  await sleep(50); // what is announced at the start
  heard.ready.length = 0;
  heard.schedule = 0;
  return Object.assign(heard, { close: () => attendance.close() });
}

export const flowCases: Record<string, Case> = {
  "a concurrency key runs so many at a time, in all queues together, and others pass": async (
    connect,
  ) => {
    const broker = connect();
    const pair = { concurrency: { key: "k", limit: 2 } };
    const tasks = newTasks(4, pair);
    const elsewhere = newTask({ ...pair, queue: "other" });
    const [plain, rival] = [newTask(), newTask({ concurrency: { key: "l", limit: 1 } })];
    await broker.enqueue([...tasks, elsewhere, plain, rival]);
    const claimed = await broker.claim("w", ["default", "other"], 10);
    assertEquals(
      new Set(ids(claimed)),
      new Set([...ids(tasks.slice(0, 2)), plain.id, rival.id]),
    );
    assertEquals(await broker.claim("v", ["other", "default"], 10), []);
    const [first] = claimed.filter(({ id }) => id === tasks[0]?.id);
    assertExists(first);
    await settle(broker, first, success);
    assertEquals(ids(await broker.claim("v", ["other", "default"], 10)), [elsewhere.id]);
    const seen = await broker.get(elsewhere.id);
    assertEquals([seen?.concurrency_key, seen?.concurrency_limit], ["k", 2]);
  },

  "whatever ends a run frees the place of its key": async (connect) => {
    const broker = connect({ leaseMs: 60_000 });
    const [a, b, c, d, e] = keyed("k", 5) as [NewTask, NewTask, NewTask, NewTask, NewTask];
    await broker.enqueue([a, b, c, d, e]);
    await broker.heartbeat(beat("w"));
    const next = async () => ids(await broker.claim("w", ["default"], 5));
    const first = await claimOne(broker);
    assertEquals([first.id, await next()], [a.id, []]);
    await settle(broker, first, { state: "RETRY", error: failure.error, delayMs: 60_000 });
    const second = await claimOne(broker);
    assertEquals([second.id, await next()], [b.id, []]);
    await settle(broker, second, { state: "PENDING" });
    assertEquals([await next(), await next()], [[b.id], []]);
    await broker.revoke(b.id);
    assertEquals([await next(), await next()], [[c.id], []]);
    await broker.leave("w");
    assertEquals([await next(), await next()], [[c.id], []]);
    await broker.revoke(c.id);
    await broker.revoke(d.id); // while it waits
    assertEquals([await next(), await next()], [[e.id], []]);
  },

  "the place of a lost worker's key is free again": async (connect) => {
    const broker = connect({ leaseMs: 300 });
    const [a, b] = keyed("k", 2) as [NewTask, NewTask];
    await broker.enqueue([a, b]);
    await broker.reap();
    await claimOne(broker);
    await until(async () => await broker.reap() === 1);
    assertEquals((await claimOne(broker, "v")).id, a.id);
    assertEquals(await broker.claim("v", ["default"], 1), []);
  },

  "keys take turns, with each other and with tasks that have none": async (connect) => {
    const broker = connect();
    const many = newTasks(6, { name: "a", concurrency: { key: "a", limit: 9 } });
    const few = newTasks(2, { name: "b", concurrency: { key: "b", limit: 9 } });
    await broker.enqueue([...many, ...newTasks(3, { name: "-" }), ...few]);
    const names = await drain(broker, 11);
    assertEquals(names.filter((name) => name !== "-").slice(0, 4).toSorted(), ["a", "a", "b", "b"]);
    assertEquals(names.slice(0, 6).filter((name) => name === "-").length, 3);
    assertEquals(names.filter((name) => name === "a").length, 6);
  },

  "a key's tasks keep their order and priority": async (connect) => {
    const broker = connect();
    const tasks = keyed("k", 3);
    const urgent = newTask({ priority: "high", concurrency: { key: "k", limit: 1 } });
    await broker.enqueue([...tasks, urgent]);
    const order: string[] = [];
    for (let i = 0; i < 4; i++) {
      const claimed = only(await broker.claim("w", ["default"], 4));
      order.push(claimed.id);
      if (i === 1) {
        await settle(broker, claimed, { state: "PENDING" }); // keeps its place
        const again = await claimOne(broker);
        assertEquals(again.id, claimed.id);
        await settle(broker, again, success);
      } else {
        await settle(broker, claimed, success);
      }
    }
    assertEquals(order, ids([urgent, ...tasks]));
  },

  "a high priority that may not start holds up no other": async (connect) => {
    const broker = connect();
    await broker.enqueue(keyed("k", 2, { priority: "high" }));
    const low = newTask({ priority: "low" });
    await broker.enqueue([low]);
    const claimed = await broker.claim("w", ["default"], 3);
    assertEquals(claimed.map(({ name }) => name), ["k", "add"]);
  },

  "a freed place is announced for every queue whose tasks wait for it": async (connect) => {
    const broker = connect();
    await broker.enqueue([...keyed("k", 2), ...keyed("k", 1, { queue: "other" })]);
    const claimed = await claimOne(broker);
    await broker.claim("w", ["default", "other"], 5);
    const heard = await attend(connect());
    await settle(broker, claimed, success);
    const told = (queue: string) => heard.ready.some((each) => (each ?? queue) === queue);
    await until(() => told("default") && told("other"));
    await heard.close();
  },

  "many keys at their limit do not slow down a claim": async (connect) => {
    const broker = connect();
    const KEYS = 2000;
    const tasks = Array.from({ length: KEYS }, (_, i) => keyed(`k${i}`, 3)).flat();
    for (let i = 0; i < tasks.length; i += 2000) await broker.enqueue(tasks.slice(i, i + 2000));
    const first = await broker.claim("w", ["default"], 2 * KEYS);
    assertEquals(first.length, KEYS);
    const fastest = async (queue: string) => {
      const times: number[] = []; // only the fastest says nothing of what else the machine does
      for (let i = 0; i < 50; i++) {
        const started = performance.now();
        await broker.claim("v", [queue], 10);
        times.push(performance.now() - started);
      }
      return Math.min(...times);
    };
    const [blocked, idle] = [await fastest("default"), await fastest("nothing")];
    assert(blocked < 20 * idle, `${blocked} ms against ${idle} ms for an empty queue`);
    const [one] = first;
    assertExists(one);
    await settle(broker, one, success);
    assertEquals((await claimOne(broker, "v")).name, one.name);
  },

  "a queue's concurrency limit holds for all workers, also for what ran before it was set": async (
    connect,
  ) => {
    const broker = connect();
    await broker.enqueue(newTasks(6));
    const running = await broker.claim("u", ["default"], 2);
    await broker.limitQueue("default", { concurrencyLimit: 3 });
    assertEquals((await broker.claim("v", ["default"], 5)).length, 1);
    assertEquals(await broker.claim("w", ["default"], 5), []);
    const heard = await attend(connect());
    const [one] = running;
    assertExists(one);
    await settle(broker, one, success, "u");
    await until(() => heard.ready.length > 0);
    assertEquals((await broker.claim("w", ["default"], 5)).length, 1);
    const queue = (await broker.queues()).find(({ name }) => name === "default");
    assertEquals([queue?.concurrency_limit, queue?.rate_limit, queue?.active], [3, null, 3]);
    heard.ready.length = 0;
    await broker.limitQueue("default", { concurrencyLimit: null });
    await until(() => heard.ready.length > 0);
    assertEquals((await broker.claim("w", ["default"], 5)).length, 2);
    await heard.close();
  },

  "a queue's rate limit spreads starts over all workers, and says when it goes on": async (
    connect,
  ) => {
    const broker = connect();
    await broker.limitQueue("default", { rateLimit: "60/m" }); // one a second
    await broker.enqueue(newTasks(3));
    const other = newTask({ queue: "other" });
    const started = Date.now();
    assertEquals((await broker.claim("v", ["default"], 5)).length, 1);
    assertEquals(await broker.claim("w", ["default"], 5), []);
    const wait = await broker.promote();
    assert(wait !== null && wait > 0 && wait <= 1000, `${wait} ms`);
    await broker.enqueue([other]);
    assertEquals(ids(await broker.claim("w", ["default", "other"], 5)), [other.id]);
    let count = 1;
    while (count < 3) {
      count += (await broker.claim("w", ["default"], 5)).length;
      await sleep(5);
    }
    const took = Date.now() - started;
    assert(took >= 1990, `${took} ms for two intervals`);
    const queue = (await broker.queues()).find(({ name }) => name === "default");
    assertEquals([queue?.rate_limit, queue?.concurrency_limit], ["60/m", null]);
  },

  "a fast rate is kept on average although timers are coarse": async (connect) => {
    const broker = connect();
    await broker.limitQueue("default", { rateLimit: "1000/s" });
    await broker.enqueue(newTasks(600));
    let count = 0;
    const started = performance.now();
    while (count < 500) {
      count += (await broker.claim("w", ["default"], 500)).length;
      await sleep(10);
    }
    const took = performance.now() - started;
    assert(took >= 390 && count <= took + 101, `${count} tasks in ${took} ms`);
  },

  "a task's own rate limit holds for its name alone, in all queues": async (connect) => {
    const broker = connect();
    const slow = { name: "slow", rateLimit: "1/h" } as const;
    const [first, second] = newTasks(2, slow) as [NewTask, NewTask];
    const elsewhere = newTask({ ...slow, queue: "other" });
    const plain = newTasks(3);
    await broker.enqueue([first, second, elsewhere, ...plain]);
    const claimed = await broker.claim("w", ["default", "other"], 10);
    assertEquals(new Set(ids(claimed)), new Set(ids([first, ...plain])));
    assertEquals((await broker.get(second.id))?.rate_limit, "1/h");
    assertEquals(await status(broker, second.id), "PENDING");
  },

  "a limit set at run time counts instead of the task's own, also for what waits": async (
    connect,
  ) => {
    const broker = connect();
    const tasks = newTasks(3, { name: "slow", rateLimit: "1/h" });
    const free = newTasks(3, { name: "free" });
    await broker.enqueue([...tasks, ...free]);
    assertEquals((await broker.claim("w", ["default"], 4)).length, 4);
    const heard = await attend(connect());
    await broker.limitTask("slow", { rateLimit: "1000/s" });
    await until(() => heard.ready.length > 0);
    assertEquals((await broker.claim("w", ["default"], 4)).length, 2);
    await broker.enqueue(newTasks(3, { name: "free" }));
    await broker.limitTask("free", { rateLimit: "1/d" });
    assertEquals(await broker.taskLimits(), [
      { name: "free", rate_limit: "1/d", time_limit: null, soft_time_limit: null },
      { name: "slow", rate_limit: "1000/s", time_limit: null, soft_time_limit: null },
    ]);
    const plain = newTask();
    await broker.enqueue([plain]);
    assertEquals((await drain(broker, 9)).toSorted(), ["add", "free"]);
    await broker.limitTask("free", { rateLimit: null });
    assertEquals(await drain(broker, 9), ["free", "free"]);
    assertEquals((await broker.taskLimits()).length, 1);
    await heard.close();
  },

  "time limits set at run time count for runs that start from then on, instead of the tasks' own":
    async (connect) => {
      const broker = connect();
      const own = { timeLimit: 60, softTimeLimit: 30 };
      const start = async (...tasks: NewTask[]) => {
        await broker.enqueue(tasks);
        const claimed = await broker.claim("w", ["default"], 9);
        return claimed.map((each) => `${each.name} ${each.timeLimit} ${each.softTimeLimit}`).sort();
      };
      assertEquals(await start(newTask(own), newTask()), ["add 60 30", "add null null"]);
      await broker.limitTask("add", { timeLimit: 9.5 });
      await broker.limitTask("add", { softTimeLimit: 0, rateLimit: "1000/s" });
      assertEquals(await broker.taskLimits(), [
        { name: "add", rate_limit: "1000/s", time_limit: 9.5, soft_time_limit: 0 },
      ]);
      assertEquals(await start(newTask(own), newTask(), newTask({ name: "other", ...own })), [
        "add 9.5 0",
        "add 9.5 0",
        "other 60 30",
      ]);
      await broker.limitTask("add", { timeLimit: null, rateLimit: null });
      const task = newTask(own);
      assertEquals(await start(task, newTask()), ["add 60 0", "add null 0"]);
      assertEquals((await broker.get(task.id))?.soft_time_limit, 30, "its own");
    },

  "a limit for very many that wait lets them go on at once, and others past them": async (
    connect,
  ) => {
    const broker = connect();
    await broker.enqueue([...newTasks(3000, { name: "slow" }), newTask({ name: "other" })]);
    await broker.limitTask("slow", { rateLimit: "100/s" });
    const first = await drain(broker, 5);
    assert(first.includes("slow"), `${first}`);
    await until(async () => (await drain(broker, 5)).includes("other"));
  },

  "a rate is not used up by what is not handed out": async (connect) => {
    const broker = connect();
    await broker.limitQueue("default", { rateLimit: "1/h" });
    await broker.enqueue([newTask({ expires: { atMs: 1 } })]);
    assertEquals(await broker.claim("w", ["default"], 1), []);
    await broker.pause("default");
    const task = newTask();
    await broker.enqueue([task]);
    assertEquals(await broker.claim("w", ["default"], 1), []);
    await broker.resume("default");
    assertEquals((await claimOne(broker)).id, task.id);
  },

  "what a rate held back is announced when it may go on": async (connect) => {
    const broker = connect();
    const heard = await attend(connect());
    await broker.enqueue(newTasks(2, { name: "slow", rateLimit: "1/s" }));
    await until(() => heard.ready.length > 0);
    assertEquals((await broker.claim("w", ["default"], 2)).length, 1);
    await until(() => heard.schedule > 0);
    const wait = await broker.promote();
    assert(wait !== null && wait <= 1000, `${wait} ms`);
    heard.ready.length = 0;
    await sleep(wait + 2);
    await broker.promote();
    await until(() => heard.ready.length > 0);
    assertEquals((await broker.claim("w", ["default"], 2)).length, 1);
    await heard.close();
  },

  "a unique task is answered with the one that keeps its key": async (connect) => {
    const broker = connect();
    const unique = { key: "u", until: "end" } as const;
    const [first, second] = newTasks(2, { unique }) as [NewTask, NewTask];
    const receipts = await broker.enqueue([first, second]);
    assertEquals(receipts.map(({ id, created, conflict }) => [id, created, conflict]), [
      [first.id, true, false],
      [first.id, false, false],
    ]);
    const again = only(await broker.enqueue([newTask({ unique, args: "[9]", name: "other" })]));
    assertEquals([again.id, again.created, again.status], [first.id, false, "PENDING"]);
    assertEquals((await broker.get(first.id))?.unique_key, "u");
    assertEquals(await broker.get(second.id), null);
    const claimed = await claimOne(broker);
    const running = only(await broker.enqueue([newTask({ unique })]));
    assertEquals([running.id, running.status], [first.id, "STARTED"]);
    await settle(broker, claimed, { state: "RETRY", error: failure.error, delayMs: 60_000 });
    assertEquals(only(await broker.enqueue([newTask({ unique })])).status, "RETRY");
    await broker.revoke(first.id);
    const next = newTask({ unique });
    assertEquals(only(await broker.enqueue([next])).id, next.id);
  },

  "an idempotency key stands for the task that kept a unique one out": async (connect) => {
    const broker = connect();
    const unique = { key: "u", until: "end" } as const;
    const first = newTask({ unique });
    await broker.enqueue([first]);
    const call = { unique, idempotencyKey: "k", args: "[7]" };
    await broker.enqueue([newTask(call)]);
    await settle(broker, await claimOne(broker), success);
    const again = only(await broker.enqueue([newTask(call)]));
    assertEquals([again.id, again.created, again.conflict], [first.id, false, false]);
    const other = only(await broker.enqueue([newTask({ idempotencyKey: "k", args: "[8]" })]));
    assertEquals([other.created, other.conflict], [false, true]);
  },

  "a unique key is free when its task has ended, started, or after its time": async (connect) => {
    const broker = connect({ resultExpires: 0, deadExpires: 0 });
    const start = async (until: "start" | "end" | { ms: number }) =>
      only(await broker.enqueue([newTask({ unique: { key: JSON.stringify(until), until } })]));
    for (const outcome of [success, failure]) {
      const one = await start("end");
      assertEquals((await start("end")).id, one.id);
      await settle(broker, await claimOne(broker), outcome);
    }
    const one = await start("start");
    assertEquals((await start("start")).id, one.id);
    const claimed = await claimOne(broker);
    assert((await start("start")).created);
    await settle(broker, claimed, success);
    await settle(broker, await claimOne(broker), success);

    const timed = await start({ ms: 1200 });
    await settle(broker, await claimOne(broker), success);
    const repeated = await start({ ms: 1200 });
    assertEquals([repeated.id, repeated.status], [timed.id, "SUCCESS"]);
    assertEquals(await status(broker, timed.id), "SUCCESS");
    await sleep(1220);
    assert((await start({ ms: 1200 })).created);
  },

  "a unique key is free after its time although its task still waits": async (connect) => {
    const broker = connect();
    const unique = { key: "u", until: { ms: 1200 } };
    const [first, second] = newTasks(2, { unique }) as [NewTask, NewTask];
    await broker.enqueue([first]);
    assertEquals(only(await broker.enqueue([second])).id, first.id);
    await sleep(1220);
    assert(only(await broker.enqueue([second])).created);
    assertEquals(await status(broker, first.id), "PENDING");
    // The first one's end is not the end of the second one's key.
    await settle(broker, await claimOne(broker), success);
    assertEquals(only(await broker.enqueue([newTask({ unique })])).id, second.id);
  },

  "a forgotten task keeps nobody out, one that is run again does": async (connect) => {
    const broker = connect();
    const timed = { key: "t", until: { ms: 60_000 } };
    const first = newTask({ unique: timed });
    await broker.enqueue([first]);
    await settle(broker, await claimOne(broker), success);
    await broker.forget(first.id);
    assert(only(await broker.enqueue([newTask({ unique: timed })])).created);
    await settle(broker, await claimOne(broker), success);

    const unique = { key: "u", until: "end" } as const;
    const again = newTask({ unique });
    await broker.enqueue([again]);
    await settle(broker, await claimOne(broker), failure);
    await broker.retry(again.id);
    assertEquals(only(await broker.enqueue([newTask({ unique })])).id, again.id);
  },

  "a task that has expired ends in time, whether or not a worker comes": async (connect) => {
    const broker = connect();
    const soon = { expires: { inMs: 1500 } };
    const waiting = newTask(soon);
    const tasks = [
      waiting,
      newTask({ ...soon, queue: "paused" }),
      newTask({ ...soon, eta: { inMs: 60_000 } }),
      newTask({ ...soon, concurrency: { key: "k", limit: 1 } }),
    ];
    const running = newTask({ ...soon, queue: "other" });
    await broker.pause("paused");
    const heard = await attend(connect());
    await broker.enqueue([...tasks, running]);
    await until(() => heard.schedule > 0);
    only(await broker.claim("w", ["other"], 1));
    const wait = await broker.promote();
    assert(wait !== null && wait <= 1500, `${wait} ms`);
    await sleep(wait + 5);
    await broker.promote();
    for (const { id } of tasks) {
      const seen = await broker.get(id);
      assertEquals([seen?.status, seen?.error?.message], ["REVOKED", "expired"]);
    }
    assertEquals(await status(broker, running.id), "STARTED");
    const queues = await broker.queues();
    assertEquals(queues.map(({ waiting, scheduled }) => waiting + scheduled), [0, 0, 0]);
    assertEquals(await broker.promote(), null);
    await broker.retry(waiting.id);
    const later = newTask();
    await broker.enqueue([later]);
    assertEquals(
      new Set(ids(await broker.claim("w", ["default"], 5))),
      new Set([waiting.id, later.id]),
    );
    assertEquals((await broker.queues()).map(({ waiting }) => waiting), [0, 0, 0]);
    await heard.close();
  },

  "thousands that expire at once end in steps": async (connect) => {
    const broker = connect();
    await broker.enqueue(newTasks(2500, { expires: { inMs: 20 } }));
    await sleep(30);
    let calls = 1;
    while (await broker.promote() !== null) calls++;
    assertEquals([calls, await listed(broker, "PENDING")], [3, []]);
  },

  "a task that may not run twice fails when its worker is lost": async (connect) => {
    const broker = connect({ leaseMs: 300 });
    const task = newTask({ onLost: "fail" });
    await broker.enqueue([task]);
    await broker.reap();
    assertEquals((await claimOne(broker)).onLost, "fail");
    await until(async () => await broker.reap() === 1);
    const seen = await broker.get(task.id);
    assertEquals([seen?.status, seen?.error?.type, seen?.deliveries], [
      "FAILURE",
      "WorkerLostError",
      1,
    ]);
    assertEquals([seen?.dead, seen?.on_lost, seen?.retries], [true, "fail", 0]);
    assertEquals(await broker.claim("v", ["default"], 1), []);
  },

  "a dead task outlives other results, is found by its error, and runs again": async (connect) => {
    const broker = connect({ resultExpires: 1, deadExpires: 60 });
    const [good, bad] = newTasks(2) as [NewTask, NewTask];
    await broker.enqueue([good, bad]);
    await settle(broker, await claimOne(broker), success);
    await settle(broker, await claimOne(broker), failure);
    await sleep(1100);
    assertEquals(await broker.get(good.id), null);
    const seen = await broker.get(bad.id);
    assertEquals([seen?.status, seen?.dead], ["FAILURE", true]);
    const find = async (error: string) =>
      (await broker.list({ state: "FAILURE", error, limit: 9 })).tasks.map((task) => task.task_id);
    assertEquals(await find("TypeErr"), [bad.id]);
    assertEquals(await find('no "x"'), [bad.id]);
    assertEquals(await find("typeerr"), [bad.id]);
    assertEquals(await find("at y"), []);
    assertEquals(await broker.retry(bad.id, "[7]"), { done: true, status: "PENDING" });
    const again = await claimOne(broker);
    assertEquals([again.id, again.args, again.attempt, again.retries], [bad.id, "[7]", 2, 0]);
    const running = await broker.get(bad.id);
    assertEquals([running?.args, running?.dead], [[7], false]);
  },

  "of more than ten thousand dead tasks the oldest are kept no longer than others": async (
    connect,
  ) => {
    const broker = connect({ resultExpires: 1, deadExpires: 600 });
    const unique = { key: "u", until: { ms: 600_000 } };
    const keeper = newTask({ unique });
    const tasks = [keeper, ...newTasks(10_003)];
    await broker.enqueue(tasks);
    await broker.claim("w", ["default"], tasks.length);
    for (let i = 0; i < tasks.length; i += 500) {
      const some = tasks.slice(i, i + 500);
      await broker.settle("w", some.map(({ id }) => ({ id, token: 1, outcome: failure })));
    }
    await sleep(1100);
    const seen = async (n: number) => await broker.get(tasks[n]?.id ?? "");
    await until(async () => await broker.reap() === 0 && await seen(1) === null);
    assertEquals([await seen(3), (await seen(4))?.dead], [null, true]);
    // Who is kept out by a key can look at the task that keeps it.
    assertEquals(only(await broker.enqueue([newTask({ unique })])).id, keeper.id);
  },

  "a dead task is found by its error, however that was cut": async (connect) => {
    const broker = connect();
    const task = newTask();
    await broker.enqueue([task]);
    const error = { type: "Error", message: "a cut \ud83d", stack: null };
    await settle(broker, await claimOne(broker), { state: "FAILURE", error });
    const { tasks } = await broker.list({ state: "FAILURE", error: "cut", limit: 1 });
    assertEquals(tasks.map(({ task_id }) => task_id), [task.id]);
  },

  "what a rate holds back starves no other key, priority or queue": async (connect) => {
    const broker = connect();
    const held = Array.from({ length: 1500 }, (_, i) =>
      newTask({
        name: "slow",
        rateLimit: "1/h",
        priority: "high",
        concurrency: { key: `k${i}`, limit: 1 },
      }));
    const others = [
      newTask({ concurrency: { key: "k", limit: 1 } }),
      newTask({ priority: "low" }),
      newTask({ queue: "other" }),
    ];
    await broker.enqueue([...held, ...others]);
    const started: string[] = [];
    for (let i = 0; i < 4; i++) {
      started.push(...ids(await broker.claim("w", ["default", "other"], 10)));
    }
    assertEquals(started.length, 4);
    assert(others.every(({ id }) => started.includes(id)));
  },

  "the lowest that wait have their turns, with a key or without": async (connect) => {
    const broker = connect();
    await broker.enqueue([
      ...newTasks(500, { priority: "high", name: "high" }),
      ...newTasks(20, { priority: "low", name: "plain" }),
      ...newTasks(20, { priority: "low", name: "keyed", concurrency: { key: "k", limit: 99 } }),
    ]);
    const names: string[] = [];
    for (let i = 0; i < 200; i++) names.push(...await drain(broker, 1));
    assertEquals(names.filter((name) => name === "plain").length, 10);
    assertEquals(names.filter((name) => name === "keyed").length, 10);
  },

  "tasks keep their order when their name is limited while they wait": async (connect) => {
    const broker = connect();
    const tasks = newTasks(3);
    await broker.enqueue(tasks);
    await broker.limitTask("add", { rateLimit: "1000/s" });
    tasks.push(...newTasks(3));
    await broker.enqueue(tasks.slice(3));
    const started: string[] = [];
    await until(async () => {
      started.push(...ids(await broker.claim("w", ["default"], 1)));
      return started.length === 6;
    });
    assertEquals(started, ids(tasks));
  },

  "a task that expired while it ran ends where it would wait again": async (connect) => {
    const broker = connect();
    const tasks = newTasks(2, { expires: { inMs: 1500 } });
    await broker.enqueue(tasks);
    const [first, second] = await broker.claim("w", ["default"], 2);
    assert(first && second);
    await sleep(1510);
    await broker.promote();
    await broker.pause("default");
    await settle(broker, first, { state: "PENDING" });
    await settle(broker, second, { state: "RETRY", error: failure.error, delayMs: 60_000 });
    await broker.promote();
    for (const { id } of tasks) assertEquals(await status(broker, id), "REVOKED");
  },

  "a changed rate holds a name back no longer than it says": async (connect) => {
    const broker = connect();
    await broker.enqueue([newTask({ rateLimit: "1/d" })]);
    await claimOne(broker);
    const task = newTask({ rateLimit: "100/s" });
    await broker.enqueue([task]);
    await until(async () => {
      await broker.promote();
      return (await broker.claim("w", ["default"], 1)).length === 1;
    });
  },

  "a purge ends all that waits in a queue, and nothing else": async (connect) => {
    const broker = connect();
    const retried = newTask();
    const running = newTask();
    await broker.enqueue([retried, running]);
    await settle(broker, await claimOne(broker), {
      state: "RETRY",
      error: failure.error,
      delayMs: 60_000,
    });
    const held = await claimOne(broker);
    const other = newTask({ queue: "other", eta: { inMs: 60_000 } });
    const waiting = [
      ...newTasks(1500),
      ...newTasks(2, { eta: { inMs: 60_000 }, unique: { key: "u", until: "end" } }).slice(0, 1),
      ...newTasks(2, { priority: "low" }),
      ...keyed("k", 3),
      ...newTasks(3, { name: "slow", rateLimit: "1/h" }),
    ];
    await broker.enqueue([...waiting, other]);
    const taken = await broker.claim("w", ["default"], 2); // one of each kind of lane
    await broker.pause("default");
    assertEquals(await broker.purge("default"), waiting.length + 1 - taken.length);
    const seen = await broker.get(retried.id);
    assertEquals([seen?.status, seen?.error?.type, seen?.error?.message], [
      "REVOKED",
      "TaskRevokedError",
      "purged",
    ]);
    const queues = await broker.queues();
    assertEquals(
      queues.map(({ name, waiting, scheduled, active }) => [name, waiting, scheduled, active]),
      [["default", 0, 0, 1 + taken.length], ["other", 0, 1, 0]],
    );
    await broker.resume("default");
    assertEquals(await broker.claim("w", ["default", "other"], 5), []);
    assert(await settle(broker, held, success));
    const revoked = (await broker.stats()).outcomes.find(({ outcome }) => outcome === "REVOKED");
    assert(revoked !== undefined);
    assert(only(await broker.enqueue([newTask({ unique: { key: "u", until: "end" } })])).created);
    assertEquals(await broker.purge("nothing"), 0);
  },

  "what waits in lanes is listed, counted and revoked like all that waits": async (connect) => {
    const broker = connect();
    const tasks = [...keyed("k", 2), ...newTasks(2, { name: "slow", rateLimit: "1/h" })];
    await broker.enqueue(tasks);
    assertEquals(new Set(ids(await listed(broker, "PENDING"))), new Set(ids(tasks)));
    assertEquals((await broker.queues()).map(({ waiting }) => waiting), [4]);
    for (const { id } of tasks.slice(0, 3)) await broker.revoke(id);
    assertEquals((await broker.queues()).map(({ waiting }) => waiting), [1]);
    assertEquals((await claimOne(broker)).id, tasks[3]?.id);
    assertEquals((await broker.queues()).map(({ waiting, active }) => [waiting, active]), [[0, 1]]);
  },
};
