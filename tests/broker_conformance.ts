/** What every broker must do. Each case gets an empty store. */

import { assert, assertEquals, assertExists, assertRejects } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Broker,
  type Claimed,
  InvalidCursorError,
  type NewTask,
  type Outcome,
} from "../jobs/broker.ts";
import { PRIORITIES, type State, STATES, type TaskEvent } from "../jobs/wire.ts";
import { connectBroker } from "../jobs/connect.ts";
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
import { controlCases } from "./broker_control.ts";
import { eventCases } from "./broker_events.ts";
import { flowCases } from "./broker_flow.ts";
import { searchCases } from "./broker_search.ts";
import { totalsCases } from "./broker_totals.ts";
import type { TestStore } from "./stores.ts";
import { until } from "./until.ts";

const cases: Record<string, Case> = {
  "an accepted task is visible at once, an unknown id is not": async (connect) => {
    const broker = connect();
    const task = newTask({ timeLimit: 5, maxRetries: 9, priority: "low" });
    const receipts = await broker.enqueue([task]);
    assertEquals(receipts, [{ id: task.id, status: "PENDING", created: true, conflict: false }]);
    const seen = await broker.get(task.id);
    assertExists(seen);
    assertEquals(
      [seen.name, seen.args, seen.status, seen.priority, seen.time_limit, seen.max_retries],
      ["add", [1, 2], "PENDING", "low", 5, 9],
    );
    assertEquals([seen.soft_time_limit, seen.attempt, seen.deliveries, seen.events], [
      null,
      1,
      0,
      1,
    ]);
    assertEquals(await broker.get(crypto.randomUUID()), null);
    assertEquals(await broker.events(crypto.randomUUID(), 0), null);
  },

  "enqueueing the same id again changes nothing": async (connect) => {
    const broker = connect();
    const task = newTask();
    await broker.enqueue([task]);
    const again = only(await broker.enqueue([{ ...task, args: "[9]", queue: "other" }]));
    assertEquals([again.created, again.status], [false, "PENDING"]);
    assertEquals((await broker.queues()).map(({ name }) => name), ["default"]);
    assertEquals(ids(await broker.claim("w", ["default"], 10)), [task.id]);
  },

  "a call of tasks of many kinds is answered in its order, and each is accepted once": async (
    connect,
  ) => {
    const broker = connect();
    const [known, first, a] = [newTask(), newTask(), newTask()];
    const [b, c, d] = [newTask(), newTask(), newTask()];
    const keyed = newTask({ idempotencyKey: "k" });
    await broker.enqueue([known, keyed]);
    const tasks = [
      first,
      { ...known, args: "[9]" },
      a,
      { ...a, args: "[8]" },
      { ...b, name: "other" },
      newTask({ idempotencyKey: "k" }),
      newTask({ idempotencyKey: "k", args: "[7]" }),
      { ...c, maxRetries: 1 },
      { ...b, name: "other" },
      d,
    ];
    const receipts = await broker.enqueue(tasks);
    assertEquals(ids(receipts), ids([first, known, a, a, b, keyed, keyed, c, b, d]));
    const created = [true, false, true, false, true, false, false, true, false, true];
    assertEquals(receipts.map((receipt) => receipt.created), created);
    assertEquals(receipts.findIndex(({ conflict }) => conflict), 6);
    const claimed = await broker.claim("w", ["default"], 20);
    assertEquals(ids(claimed), ids([known, keyed, first, a, b, c, d]));
    assertEquals(claimed.map(({ args }) => args), claimed.map(() => known.args));
    assertEquals([claimed[4]?.name, claimed[5]?.maxRetries], ["other", 1]);
    assertEquals((await broker.stats()).enqueued, 7);
    const listed = (await broker.list({ limit: 20 })).tasks.map(({ task_id }) => task_id);
    assertEquals(listed, ids(claimed).toReversed());
  },

  "an idempotency key answers the first task, and tells another call apart": async (connect) => {
    const broker = connect();
    const first = newTask({ idempotencyKey: "k" });
    await broker.enqueue([first]);
    const again = only(await broker.enqueue([newTask({ idempotencyKey: "k" })]));
    assertEquals([again.id, again.created, again.conflict], [first.id, false, false]);
    const other = only(await broker.enqueue([newTask({ idempotencyKey: "k", args: "[3]" })]));
    assertEquals([other.id, other.created, other.conflict], [first.id, false, true]);
    assertEquals((await broker.claim("w", ["default"], 10)).length, 1);
  },

  "ten thousand tasks go in and out in one call each, in order": async (connect) => {
    const broker = connect();
    const tasks = newTasks(10_000);
    await broker.enqueue(tasks);
    const claimed = await broker.claim("w", ["default"], 10_000);
    assertEquals(ids(claimed), ids(tasks));
    const settled = await broker.settle("w", claimed.map((c) => ({ ...c, outcome: success })));
    assert(settled.every(Boolean));
  },

  "queues are served in the order asked for, high priority first": async (connect) => {
    const broker = connect();
    const [a, b, c] = newTasks(3) as [NewTask, NewTask, NewTask];
    const tasks = [a, { ...b, queue: "other" }, { ...c, priority: "high" as const }];
    await broker.enqueue(tasks);
    const order = ids(await broker.claim("w", ["other", "default"], 10));
    assertEquals(order, [b.id, c.id, a.id]);
  },

  "a low priority does not starve": async (connect) => {
    const broker = connect();
    await broker.enqueue(newTasks(40, { priority: "high" }));
    const low = newTasks(2, { priority: "low" });
    await broker.enqueue(low);
    const first = ids(await broker.claim("w", ["default"], 20));
    assertEquals(first.filter((id) => ids(low).includes(id)), ids(low));
  },

  "no task goes to two workers": async (connect) => {
    const brokers = [connect(), connect(), connect()];
    const tasks = newTasks(300);
    await brokers[0]?.enqueue(tasks);
    const claims = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const broker = brokers[i % brokers.length];
        assertExists(broker);
        return broker.claim(`w${i % 3}`, ["default"], 7);
      }),
    );
    assertEquals(ids(claims.flat()).sort(), ids(tasks).sort());
  },

  "a claimed task is started under a token": async (connect) => {
    const broker = connect();
    const task = newTask({ timeLimit: 0, softTimeLimit: 1.5 });
    await broker.enqueue([task]);
    const claimed = await claimOne(broker);
    assertEquals(claimed, {
      id: task.id,
      token: 1,
      name: "add",
      args: "[1,2]",
      queue: "default",
      attempt: 1,
      retries: 0,
      maxRetries: 3,
      timeLimit: 0,
      softTimeLimit: 1.5,
      onLost: "requeue",
    });
    const seen = await broker.get(task.id);
    assertEquals([seen?.status, seen?.worker, seen?.deliveries], ["STARTED", "w", 1]);
    assertExists(seen?.started_at);
  },

  "a success has its result, a failure its error": async (connect) => {
    const broker = connect();
    await broker.enqueue(newTasks(2));
    const [first, second] = await broker.claim("w", ["default"], 2) as [Claimed, Claimed];
    assert(await settle(broker, first, success));
    assert(await settle(broker, second, failure));
    const good = await broker.get(first.id);
    assertEquals([good?.status, good?.result, good?.progress], ["SUCCESS", 42, 100]);
    assertExists(good?.finished_at);
    assertExists(good?.runtime_ms);
    const bad = await broker.get(second.id);
    assertEquals([bad?.status, bad?.error], ["FAILURE", failure.error]);
  },

  "a retry waits for its time, spends one retry, and is a new attempt": async (connect) => {
    const broker = connect();
    await broker.enqueue([newTask()]);
    const claimed = await claimOne(broker);
    assert(await settle(broker, claimed, { ...failure, state: "RETRY", delayMs: 60 }));
    const waiting = await broker.get(claimed.id);
    assertEquals([waiting?.status, waiting?.retries, waiting?.attempt], ["RETRY", 1, 2]);
    assertEquals(waiting?.error?.type, "TypeError");
    assertExists(waiting?.eta);
    assertEquals((await broker.claim("w", ["default"], 1)).length, 0);
    await until(async () => await broker.promote() === null);
    const again = await claimOne(broker);
    assertEquals([again.attempt, again.retries, again.token], [2, 1, 2]);
    assert(await settle(broker, again, success));
    assertEquals((await broker.get(claimed.id))?.error, null);
  },

  "what is handed back goes to the front and spends no retry": async (connect) => {
    const broker = connect();
    const tasks = newTasks(3);
    await broker.enqueue(tasks);
    const claimed = await claimOne(broker);
    assert(await settle(broker, claimed, { state: "PENDING" }));
    const seen = await broker.get(claimed.id);
    assertEquals([seen?.status, seen?.retries, seen?.worker], ["PENDING", 0, null]);
    assertEquals(ids(await broker.claim("w", ["default"], 3)), ids(tasks));
  },

  "only the latest claim may report or settle": async (connect) => {
    const broker = connect();
    await broker.enqueue([newTask()]);
    const stale = await claimOne(broker, "old");
    await broker.leave("old");
    const fresh = await claimOne(broker, "new");
    const progress = { percent: 10, stage: null, meta: null };
    for (const worker of ["old", "new"]) {
      assertEquals(await settle(broker, stale, success, worker), false);
      assertEquals(await broker.report(worker, [{ ...stale, progress, log: "late" }]), [false]);
    }
    assertEquals(await settle(broker, fresh, success, "old"), false);
    assertEquals(await status(broker, fresh.id), "STARTED");
    assert(await settle(broker, fresh, success, "new"));
    assertEquals(await settle(broker, fresh, failure, "new"), false);
    assertEquals(await status(broker, fresh.id), "SUCCESS");
  },

  "progress, stage, meta and log lines arrive as numbered events": async (connect) => {
    const broker = connect();
    await broker.enqueue([newTask()]);
    const { id, token } = await claimOne(broker);
    const hostile = 'a "b" \\ ü\n{c} \u2028 d';
    const reports = [
      { id, token, progress: { percent: 12.5, stage: hostile, meta: '{"k":[1]}' } },
      { id, token, log: hostile },
      { id, token, progress: { percent: 50, stage: null, meta: null }, log: "both" },
    ];
    assertEquals(await broker.report("w", reports), [true, true, true]);
    const seen = await broker.get(id);
    assertEquals([seen?.status, seen?.progress, seen?.stage], ["PROGRESS", 50, hostile]);
    assertEquals([seen?.meta, seen?.events], [{ k: [1] }, 5]);
    const events = await broker.events(id, 0) ?? [];
    assertEquals(events.map(({ seq, status }) => [seq, status]), [
      [1, "PENDING"],
      [2, "STARTED"],
      [3, "PROGRESS"],
      [4, "PROGRESS"],
      [5, "PROGRESS"],
    ]);
    assertEquals(events.map(({ log }) => log), [undefined, undefined, undefined, hostile, "both"]);
    assertEquals([events[2]?.meta, events[3]?.stage, events[3]?.progress], [
      { k: [1] },
      hostile,
      12.5,
    ]);
    assertEquals((await broker.events(id, 3))?.map(({ seq }) => seq), [4, 5]);
    assertEquals(await broker.events(id, 5), []);
  },

  "the event log is capped and keeps its numbers": async (connect) => {
    const broker = connect();
    await broker.enqueue([newTask()]);
    const { id, token } = await claimOne(broker);
    for (let i = 0; i < 5; i++) {
      await broker.report("w", Array.from({ length: 300 }, () => ({ id, token, log: "x" })));
    }
    const events = await broker.events(id, 0) ?? [];
    const seqs = events.map(({ seq }) => seq);
    assertEquals(seqs.at(-1), 1502);
    assert(seqs.length >= 1000 && seqs.length < 1200, `${seqs.length} events are kept`);
    assertEquals(seqs, seqs.map((_, i) => 1503 - seqs.length + i));
  },

  "a delayed task becomes ready when it is due": async (connect) => {
    const broker = connect();
    const later = newTask({ eta: { inMs: 30_000 } });
    const much = newTask({ eta: { atMs: Date.now() + 60_000 } });
    const past = newTask({ eta: { atMs: Date.now() - 1000 } });
    await broker.enqueue([later, much, past]);
    assertEquals(await status(broker, later.id), "PENDING");
    assertExists((await broker.get(later.id))?.eta);
    assertEquals(ids(await broker.claim("w", ["default"], 9)), [past.id]);
    const wait = await broker.promote();
    assert(wait !== null && wait > 1000 && wait <= 30_000, `next in ${wait} ms`);
    const soon = newTask({ eta: { inMs: 80 } });
    await broker.enqueue([soon]);
    await until(async () => (await broker.promote() ?? 0) > 1000);
    assertEquals(ids(await broker.claim("w", ["default"], 9)), [soon.id]);
    assertEquals(only(await broker.queues()).scheduled, 2);
  },

  "a fraction of a millisecond makes no difference": async (connect) => {
    const broker = connect();
    await broker.enqueue([
      newTask({ eta: { inMs: 0.6 }, expires: { atMs: Date.now() + 60_000.5 } }),
    ]);
    for (let attempt = 1; attempt <= 2; attempt++) {
      await until(async () =>
        await broker.promote() !== null && only(await broker.queues()).waiting === 1
      );
      const claimed = await claimOne(broker);
      assertEquals([claimed.token, claimed.attempt], [attempt, attempt]);
      assert(await settle(broker, claimed, { ...failure, state: "RETRY", delayMs: 0.6 }));
    }
  },

  "a task that has expired is revoked instead of started": async (connect) => {
    const broker = connect();
    const task = newTask({ expires: { inMs: 20 } });
    await broker.enqueue([task, newTask({ expires: { inMs: 60_000 } })]);
    await sleep(30);
    assertEquals((await broker.claim("w", ["default"], 1)).length, 1);
    const seen = await broker.get(task.id);
    assertEquals([seen?.status, seen?.error?.message], ["REVOKED", "expired"]);
  },

  "a claim ends a bounded number of expired tasks, and says that there are more": async (
    connect,
  ) => {
    const broker = connect();
    let ready = 0;
    const attendance = await connect().attend("w", {
      onReady: () => ready++,
      onSchedule: () => {},
      onRevoked: () => {},
      onCommand: () => {},
      onReconnected: () => {},
    });
    await broker.enqueue(newTasks(3000, { expires: { inMs: 1 } }));
    const last = newTask();
    await broker.enqueue([last]);
    await until(() => ready > 0);
    const claimed = [];
    let calls = 0;
    for (; claimed.length === 0; calls++) {
      const before = ready;
      claimed.push(...await broker.claim("w", ["default"], 100));
      if (claimed.length === 0) await until(() => ready > before);
    }
    assertEquals(ids(claimed), [last.id]);
    assert(calls >= 3, `all in ${calls} calls`);
    await attendance.close();
  },

  "revoking ends waiting, delayed and running tasks for good": async (connect) => {
    const broker = connect();
    const [running, waiting] = newTasks(2) as [NewTask, NewTask];
    const delayed = newTask({ eta: { inMs: 60_000 } });
    await broker.enqueue([running, waiting, delayed]);
    const claimed = await claimOne(broker);
    for (const { id } of [running, waiting, delayed]) {
      assertEquals(await broker.revoke(id), { done: true, status: "REVOKED" });
      assertEquals(await status(broker, id), "REVOKED");
      assertEquals(await broker.revoke(id), { done: false, status: "REVOKED" });
    }
    assertEquals(await settle(broker, claimed, success), false);
    assertEquals(await broker.claim("w", ["default"], 9), []);
    assertEquals(await broker.promote(), null);
    const { waiting: left, scheduled, active } = only(await broker.queues());
    assertEquals([left, scheduled, active], [0, 0, 0]);
    assertEquals(await broker.revoke(crypto.randomUUID()), null);
  },

  "a worker hears of work, of schedules and of revoked tasks": async (connect) => {
    const broker = connect();
    const heard: string[] = [];
    const attendance = await connect().attend("w", {
      onReady: (queue) => heard.push(`ready ${queue}`),
      onSchedule: () => heard.push("schedule"),
      onRevoked: (id, token) => heard.push(`revoked ${id} ${token}`),
      onCommand: () => {},
      onReconnected: () => {},
    });
    const hears = (what: string) => until(() => heard.includes(what));
    const task = newTask({ queue: "other" });
    await broker.enqueue([task]);
    await hears("ready other");
    const delayed = newTask({ eta: { inMs: 60_000 } });
    await broker.enqueue([delayed]);
    await hears("schedule");
    // One that is due later is the next when nothing else waits.
    heard.splice(0);
    await broker.revoke(delayed.id);
    assertEquals(await broker.promote(), null);
    await broker.enqueue([newTask({ eta: { inMs: 90_000 } })]);
    await hears("schedule");
    await broker.claim("w", ["other"], 1);
    await broker.revoke(task.id);
    await hears(`revoked ${task.id} 1`);
    await attendance.close();
  },

  "an ended task can be run again, a running one cannot": async (connect) => {
    const broker = connect();
    const task = newTask({ expires: { inMs: 60_000 } });
    await broker.enqueue([task]);
    assertEquals(await broker.retry(task.id), { done: false, status: "PENDING" });
    const first = await claimOne(broker);
    assertEquals(await broker.retry(task.id), { done: false, status: "STARTED" });
    await settle(broker, first, failure);
    assertEquals(await broker.retry(task.id), { done: true, status: "PENDING" });
    const seen = await broker.get(task.id);
    assertEquals([seen?.attempt, seen?.retries, seen?.error, seen?.finished_at], [
      2,
      0,
      null,
      null,
    ]);
    assertEquals(await settle(broker, first, success), false);
    const second = await claimOne(broker);
    assertEquals([second.attempt, second.token], [2, 2]);
    assert(await settle(broker, second, success));
    assertEquals(await status(broker, task.id), "SUCCESS");
    assertEquals(await broker.retry(crypto.randomUUID()), null);
  },

  "an ended task can be forgotten, another cannot": async (connect) => {
    const broker = connect();
    const task = newTask();
    await broker.enqueue([task]);
    assertEquals(await broker.forget(task.id), { done: false, status: "PENDING" });
    await settle(broker, await claimOne(broker), success);
    assertEquals(await broker.forget(task.id), { done: true, status: "SUCCESS" });
    assertEquals(await broker.get(task.id), null);
    assertEquals((await broker.list({ limit: 10 })).tasks, []);
    assertEquals(await broker.forget(task.id), null);
  },

  "an id that was forgotten can be used again, and is listed once": async (connect) => {
    const broker = connect();
    const task = newTask();
    for (let use = 1; use <= 2; use++) {
      assert(only(await broker.enqueue([task])).created);
      assertEquals(ids(await listed(broker)), [task.id]);
      const claimed = await claimOne(broker);
      assertEquals([claimed.token, claimed.attempt], [1, 1]);
      await settle(broker, claimed, success);
      assertEquals(ids(await listed(broker, "SUCCESS")), [task.id]);
      assertEquals((await broker.events(task.id, 0))?.map(({ seq }) => seq), [1, 2, 3]);
      assert((await broker.forget(task.id))?.done);
      assertEquals([await listed(broker), await listed(broker, "SUCCESS")], [[], []]);
    }
  },

  "results expire; with 0 nothing is kept but its end is told": async (connect) => {
    const soon = connect({ resultExpires: 1 });
    await soon.enqueue(newTasks(1));
    const claimed = await claimOne(soon);
    await settle(soon, claimed, success);
    assertEquals(await status(soon, claimed.id), "SUCCESS");
    await until(async () =>
      await soon.get(claimed.id) === null && await soon.events(claimed.id, 0) === null
    );

    const never = connect({ resultExpires: 0 });
    const heard: TaskEvent[] = [];
    const subscription = await never.subscribe({
      onEvents: (events) => heard.push(...events),
      onGap: () => {},
    });
    await never.enqueue(newTasks(1));
    const other = await claimOne(never);
    await settle(never, other, success);
    assertEquals(await never.get(other.id), null);
    await until(() => heard.at(-1)?.status === "SUCCESS");
    await subscription.close();
  },

  "a worker that falls silent loses its tasks; the third loss is the last": async (connect) => {
    const broker = connect({ leaseMs: 200 });
    const task = newTask();
    await broker.enqueue([task, newTask({ queue: "other" })]);
    for (let loss = 1; loss <= 3; loss++) {
      const [claimed] = await broker.claim(`w${loss}`, ["default"], 1);
      assertEquals([claimed?.id, claimed?.token, claimed?.retries], [task.id, loss, 0]);
      await until(async () => await broker.reap() > 0);
      assertEquals(await broker.workers(), []);
    }
    const seen = await broker.get(task.id);
    assertEquals([seen?.status, seen?.error?.type, seen?.deliveries], [
      "FAILURE",
      "WorkerLostError",
      3,
    ]);
  },

  "a worker with a heartbeat keeps its tasks beyond its lease": async (connect) => {
    const broker = connect({ leaseMs: 1000 });
    await broker.enqueue([newTask()]);
    const claimed = await claimOne(broker);
    for (let i = 0; i < 12; i++) {
      assertEquals(await broker.heartbeat(beat("w")), [{ id: claimed.id, token: 1 }]);
      assertEquals(await broker.reap(), 0);
      await sleep(150);
    }
    assert(await settle(broker, claimed, success));
    assertEquals(await broker.heartbeat(beat("w")), []);
  },

  "a worker whose connection has closed loses its tasks long before its lease": async (connect) => {
    const [broker, dying] = [connect({ leaseMs: 300_000 }), connect({ leaseMs: 300_000 })];
    const tasks = newTasks(2);
    await broker.enqueue(tasks);
    await dying.heartbeat(beat("dying"));
    await broker.heartbeat(beat("living"));
    await claimOne(broker, "living");
    await claimOne(dying, "dying");
    await dying.close();
    await until(async () => await broker.reap() > 0);
    assertEquals((await broker.workers()).map(({ name }) => name), ["living"]);
    assertEquals(ids(await broker.claim("living", ["default"], 2)), [tasks[1]?.id]);
  },

  "a worker that leaves gives back what it holds, in order": async (connect) => {
    const broker = connect();
    const tasks = newTasks(5);
    await broker.enqueue(tasks);
    await broker.heartbeat(beat("w"));
    await broker.claim("w", ["default"], 3);
    await broker.leave("w");
    assertEquals(await broker.workers(), []);
    assertEquals(ids(await broker.claim("v", ["default"], 5)), ids(tasks));
  },

  "workers are listed as they describe themselves": async (connect) => {
    const broker = connect();
    await broker.enqueue(newTasks(2));
    await broker.heartbeat(beat("w"));
    await broker.claim("w", ["default"], 2);
    const { heartbeat_at, ...worker } = only(await broker.workers());
    const { started_at, ...expected } = beat("w");
    assertEquals(worker, { ...expected, started_at: worker.started_at, active: 2 });
    assert(!Number.isNaN(Date.parse(heartbeat_at)) && !Number.isNaN(Date.parse(started_at)));
  },

  "a paused queue hands out nothing until it is resumed": async (connect) => {
    const broker = connect();
    await broker.enqueue(newTasks(1));
    await broker.pause("default");
    assertEquals(await broker.claim("w", ["default"], 1), []);
    assertEquals(only(await broker.queues()).paused, true);
    await broker.resume("default");
    assertEquals((await broker.claim("w", ["default"], 1)).length, 1);
    assertEquals(only(await broker.queues()).paused, false);
  },

  "queues count what waits, is delayed, and runs": async (connect) => {
    const broker = connect();
    await broker.enqueue([
      ...PRIORITIES.map((priority) => newTask({ priority })),
      newTask({ eta: { inMs: 60_000 } }),
      newTask({ queue: "other" }),
    ]);
    await broker.claim("w", ["default"], 1);
    const unlimited = { paused: false, rate_limit: null, concurrency_limit: null };
    assertEquals(await broker.queues(), [
      { name: "default", waiting: 2, scheduled: 1, active: 1, ...unlimited },
      { name: "other", waiting: 1, scheduled: 0, active: 0, ...unlimited },
    ]);
  },

  "tasks are listed newest first, by filter and in pages": async (connect) => {
    const broker = connect();
    const tasks = newTasks(25).map((task, i) => ({ ...task, name: i % 2 ? "odd" : "even" }));
    for (const task of tasks) await broker.enqueue([task]);
    const newestFirst = ids(tasks).reverse();
    const pages = async (filter: { state?: State; name?: string; queue?: string }) => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await broker.list({ ...filter, limit: 4, cursor: cursor ?? undefined });
        assert(page.tasks.length <= 4);
        seen.push(...page.tasks.map(({ task_id }) => task_id));
        cursor = page.cursor;
      } while (cursor !== null);
      return seen;
    };
    assertEquals(await pages({}), newestFirst);
    assertEquals(await pages({ state: "PENDING" }), newestFirst);
    assertEquals(await pages({ name: "odd" }), newestFirst.filter((_, i) => i % 2 === 1));
    assertEquals(await pages({ queue: "other" }), []);
    // A page goes on where the last one ended although new tasks have come in between.
    const first = await broker.list({ limit: 5 });
    await broker.enqueue(newTasks(3));
    const second = await broker.list({ limit: 5, cursor: first.cursor ?? undefined });
    assertEquals(second.tasks.map(({ task_id }) => task_id), newestFirst.slice(5, 10));
    for (const cursor of ["nonsense", "-1", "1e9", "1:2e3:id"]) {
      await assertRejects(() => broker.list({ limit: 5, cursor }), InvalidCursorError);
    }
  },

  "tasks of every state can be listed": async (connect) => {
    const broker = connect();
    const tasks = newTasks(7);
    await broker.enqueue(tasks);
    const [a, b, c, d, e, f] = await broker.claim("w", ["default"], 6) as Claimed[];
    assert(a && b && c && d && e && f);
    await settle(broker, a, success);
    await settle(broker, b, failure);
    await settle(broker, c, { ...failure, state: "RETRY", delayMs: 60_000 });
    await broker.revoke(d.id);
    await broker.report("w", [{ ...e, progress: { percent: 1, stage: null, meta: null } }]);
    const expected: Record<State, string | undefined> = {
      PENDING: tasks[6]?.id,
      STARTED: f.id,
      PROGRESS: e.id,
      RETRY: c.id,
      SUCCESS: a.id,
      FAILURE: b.id,
      REVOKED: d.id,
    };
    for (const state of STATES) {
      const { tasks: found } = await broker.list({ state, limit: 10 });
      assertEquals(found.map(({ task_id }) => task_id), [expected[state]], state);
    }
  },

  "totals count every end by name, queue and outcome": async (connect) => {
    const broker = connect();
    await broker.enqueue([...newTasks(3), newTask({ name: "other.name", queue: "a:b" })]);
    const claimed = await broker.claim("w", ["default", "a:b"], 4);
    const outcomes: Outcome[] = [success, success, failure, success];
    await broker.settle("w", claimed.map((c, i) => ({ ...c, outcome: outcomes[i] ?? success })));
    const stats = await broker.stats();
    assertEquals(stats.enqueued, 4);
    const sorted = stats.outcomes.toSorted((x, y) =>
      x.count - y.count || (x.name < y.name ? -1 : 1)
    );
    assertEquals(sorted, [
      { name: "add", queue: "default", outcome: "FAILURE", count: 1 },
      { name: "other.name", queue: "a:b", outcome: "SUCCESS", count: 1 },
      { name: "add", queue: "default", outcome: "SUCCESS", count: 2 },
    ]);
    const runs = stats.run_time.find(({ name }) => name === "add");
    assertEquals([runs?.count, runs?.buckets.reduce((sum, n) => sum + n)], [3, 3]);
    assertEquals(stats.wait_time.find(({ name }) => name === "add")?.count, 3);
  },

  "a subscriber hears every event of every task, in order, until it closes": async (connect) => {
    const broker = connect();
    const heard: TaskEvent[] = [];
    const subscription = await connect().subscribe({
      onEvents: (events) => heard.push(...events),
      onGap: () => {},
    });
    const tasks = newTasks(3);
    const delayed = newTask({ eta: { inMs: 60_000 } });
    await broker.enqueue([...tasks, delayed]);
    const claimed = await broker.claim("w", ["default"], 3);
    const later: Outcome = { ...failure, state: "RETRY", delayMs: 60_000 };
    const outcomes = [success, failure, later];
    await broker.settle("w", claimed.map((c, i) => ({ ...c, outcome: outcomes[i] ?? success })));
    await until(() => heard.length >= 10);
    for (const { id } of [...tasks, delayed]) {
      const own = heard.filter(({ task_id }) => task_id === id);
      assertEquals(own, await broker.events(id, 0) ?? []);
      assertEquals(own.map(({ seq }) => seq), id === delayed.id ? [1] : [1, 2, 3]);
    }
    await subscription.close();
    await broker.enqueue(newTasks(1));
    await sleep(50);
    assertEquals(heard.length, 10);
  },

  "a payload of a mebibyte goes through unchanged": async (connect) => {
    const broker = connect();
    const big = "x".repeat(1024 * 1024 - 4);
    const task = newTask({ args: JSON.stringify([big]) });
    await broker.enqueue([task]);
    const claimed = await claimOne(broker);
    assertEquals(claimed.args, task.args);
    await settle(broker, claimed, { state: "SUCCESS", result: JSON.stringify(big) });
    assertEquals((await broker.get(task.id))?.result, big);
  },
};

/** Registers the suite for one kind of store. */
export function testBroker(kind: string, start: () => Promise<TestStore>): void {
  const all = {
    ...{ ...cases, ...eventCases, ...flowCases, ...controlCases, ...searchCases, ...totalsCases },
  };
  for (const [name, test] of Object.entries(all)) {
    Deno.test(`${kind} broker: ${name}`, async () => {
      await using store = await start();
      const open: Broker[] = [];
      try {
        await test((options) => {
          const broker = connectBroker(store.url, options);
          open.push(broker);
          return broker;
        });
      } finally {
        await Promise.all(open.map((broker) => broker.close()));
      }
    });
  }
}
