/** What every broker must do with schedules. Each case gets an empty store. */

import { assert, assertEquals, assertExists } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import {
  MAX_RUNS,
  MAX_SCHEDULES,
  type ScheduleStep,
  type ScheduleStore,
  type StoredSchedule,
  TURN_MS,
} from "../jobs/schedule_store.ts";
import { firstTasks, newTask } from "./broker_kit.ts";
import type { TestStore } from "./stores.ts";
import { until } from "./until.ts";

type Case = (connect: () => Broker) => Promise<void>;

async function put(broker: Broker, name: string, next: number | null, inCode = false) {
  const body = JSON.stringify({ "a ü": name });
  assertEquals(await broker.schedules.put({ name, body, inCode, next }, null), "stored");
  const schedule = await broker.schedules.get(name);
  assertExists(schedule);
  return schedule;
}

function step(
  { name, revision, next: due }: { name: string; revision: number; next: number | null },
  next: number | null,
  more: Partial<ScheduleStep> = {},
): ScheduleStep {
  const ticks = [{ due, task: newTask() }];
  return { name, revision, due, next, ticks, skipped: [], ...more };
}

/** Makes a step; answers which of its ticks have made a task. */
async function advance({ schedules }: Broker, step: ScheduleStep): Promise<boolean[]> {
  const [receipts] = await schedules.advance([step]);
  assertExists(receipts);
  return receipts.map(({ created }) => created);
}

async function waiting(broker: Broker): Promise<string[]> {
  const tasks = await firstTasks(broker, { limit: 500 });
  return tasks.map(({ task_id }) => task_id);
}

const cases: Record<string, Case> = {
  "a stored schedule is found by name and in the list, an unknown one is not": async (connect) => {
    const { schedules } = connect();
    const now = await schedules.now();
    assert(Math.abs(now - Date.now()) < 60_000);
    const broker = connect();
    for (const name of ["b", "a.2", "a", "a:1"]) await put(broker, name, null, name === "a:1");
    const found = await schedules.get("a");
    assertExists(found);
    assertEquals(found, {
      name: "a",
      revision: found.revision,
      body: '{"a ü":"a"}',
      inCode: false,
      next: null,
      last: null,
    });
    const names = (list: { name: string }[]) => list.map(({ name }) => name);
    assertEquals(names(await schedules.list("", 3)), ["a", "a.2", "a:1"]);
    assertEquals(names(await schedules.list("a:1", 3)), ["b"]);
    assertEquals(names(await schedules.inCode()), ["a:1"]);
    assertEquals(await schedules.get("nobody"), null);
    assertEquals(await schedules.runs("nobody"), []);
  },

  "who changes a schedule must have seen its last change": async (connect) => {
    const broker = connect();
    const { schedules } = broker;
    const first = await put(broker, "s", null);
    const change = { name: "s", body: "{}", inCode: true, next: 5 };
    assertEquals(await schedules.put(change, null), "changed");
    assertEquals(await schedules.put(change, first.revision + 1), "changed");
    assertEquals(await schedules.put(change, first.revision), "stored");
    assertEquals(await schedules.put(change, first.revision), "changed");
    assertEquals(await schedules.remove("s", first.revision), false);
    const second = await schedules.get("s");
    assertExists(second);
    assertEquals([second.body, second.inCode, second.next], ["{}", true, 5]);
    assertEquals(await schedules.remove("s", second.revision), true);
    assertEquals([await schedules.get("s"), await schedules.inCode()], [null, []]);
    assertEquals((await schedules.due(10)).schedules, []);
    // One of the same name is another.
    assert((await put(broker, "s", null)).revision > second.revision);
  },

  "what is due comes first to last, and says when the next is": async (connect) => {
    const broker = connect();
    const { schedules } = broker;
    const now = await schedules.now();
    assertEquals((await schedules.due(10)).waitMs, null);
    for (let i = 0; i < 5; i++) await put(broker, `s${i}`, now - 1000 + i);
    await put(broker, "later", now + 60_000);
    await put(broker, "never", null);
    const due = await schedules.due(3);
    assertEquals(due.schedules.map(({ name }) => name), ["s0", "s1", "s2"]);
    assert(due.now >= now && due.now < now + 30_000);
    assert(due.waitMs !== null && due.waitMs > 30_000 && due.waitMs <= 60_000);
  },

  "those that are due are told to one at a time, and to the next when he has gone": async (
    connect,
  ) => {
    const [one, other] = [connect().schedules, connect().schedules];
    const stored = await put(connect(), "s", 1000);
    await put(connect(), "later", await one.now() + 60_000);
    const names = async (schedules: ScheduleStore) =>
      (await schedules.due(10)).schedules.map(({ name }) => name);
    assertEquals(await names(one), ["s"]);
    assertEquals(await names(one), ["s"]);
    const { schedules, waitMs } = await other.due(10);
    assert(schedules.length === 0 && waitMs !== null && waitMs > 0 && waitMs <= TURN_MS);
    // He is gone.
    await until(async () => (await names(other)).length === 1, 2 * TURN_MS);
    assertEquals(await names(one), []);
    await other.advance([step(stored, 2000)]);
    assertEquals(await names(other), ["s"]);
    await other.advance([step({ ...stored, next: 2000 }, null)]);
    // He is done.
    assertEquals(await names(other), []);
    await put(connect(), "t", 1000);
    assertEquals(await names(one), ["t"]);
  },

  "a tick is enqueued once, and its task and its schedule name each other": async (connect) => {
    const broker = connect();
    const { schedules } = broker;
    const schedule = await put(broker, "s", 1000);
    const first = step(schedule, 2000);
    const [id] = first.ticks.map(({ task }) => task.id);
    assertExists(id);
    const [receipts, none] = await schedules.advance([first, step(schedule, 2000)]);
    assertEquals(receipts, [{ id, status: "PENDING", created: true, conflict: false }]);
    assertEquals(none, null);
    assertEquals(await schedules.advance([first]), [null]);
    assertEquals(await waiting(broker), [id]);
    assertEquals((await broker.get(id))?.schedule, "s");
    const after = await schedules.get("s");
    assertEquals([after?.next, after?.last], [2000, { due: 1000, task: id }]);
    const runs = await schedules.runs("s");
    const at = runs[0]?.at ?? 0;
    assert(Math.abs(at - await schedules.now()) < 30_000);
    assertEquals(runs, [{ due: 1000, at, task: id }]);
    // Nobody does it for a schedule that was changed meanwhile.
    await schedules.put({ ...schedule, body: "{}", next: 2000 }, schedule.revision);
    assertEquals(await schedules.advance([{ ...first, due: 2000, next: 3000 }]), [null]);
    assertEquals((await waiting(broker)).length, 1);
  },

  "of many who try at the same time one makes each step": async (connect) => {
    const brokers = Array.from({ length: 5 }, connect);
    const [broker] = brokers;
    assertExists(broker);
    const all: StoredSchedule[] = [];
    for (let i = 0; i < 40; i++) all.push(await put(broker, `s${i}`, 1000));
    const done = await Promise.all(
      brokers.flatMap(({ schedules }) => [
        schedules.advance(all.map((each) => step(each, 2000))),
        schedules.advance(all.toReversed().map((each) => step(each, 2000))),
      ]),
    );
    assertEquals(done.flat().filter(Boolean).length, 40);
    assertEquals((await waiting(broker)).length, 40);
    assertEquals((await broker.stats()).enqueued, 40);
  },

  "a step may skip ticks, enqueue several, and end a schedule": async (connect) => {
    const broker = connect();
    const { schedules } = broker;
    const schedule = await put(broker, "s", 1000);
    const ticks = [2000, 3000].map((due) => ({ due, task: newTask() }));
    const skipped = [{ due: 1000, until: 1500, reason: 'a "reason"' }];
    assertEquals(await advance(broker, step(schedule, null, { ticks, skipped })), [true, true]);
    const runs = (await schedules.runs("s")).map(({ at: _, ...run }) => run);
    assertEquals(runs, [
      { due: 3000, task: ticks[1]?.task.id ?? "" },
      { due: 2000, task: ticks[0]?.task.id ?? "" },
      { due: 1000, until: 1500, skipped: 'a "reason"' },
    ]);
    const ended = await schedules.get("s");
    assertEquals([ended?.next, ended?.last?.due], [null, 3000]);
    const { schedules: none, waitMs } = await schedules.due(10);
    assertEquals([none, waitMs], [[], null]);
    // And only skips.
    const other = await put(broker, "t", 1000);
    assertEquals(await advance(broker, step(other, null, { ticks: [], skipped })), []);
    assertEquals((await schedules.runs("t")).length, 1);
    assertEquals((await waiting(broker)).length, 2);
  },

  "a tick whose task another keeps out is said to have that one": async (connect) => {
    const broker = connect();
    const { schedules } = broker;
    const schedule = await put(broker, "s", 1000);
    const unique = { key: "k", until: "end" } as const;
    const ticks = [1000, 2000].map((due) => ({ due, task: newTask({ unique }) }));
    const [receipts] = await schedules.advance([step(schedule, 3000, { ticks })]);
    const [first] = await waiting(broker);
    assertEquals(receipts?.map(({ id, created }) => [id, created]), [[first, true], [
      first,
      false,
    ]]);
    const runs = (await schedules.runs("s")).map(({ at: _, ...run }) => run);
    assertEquals(runs, [{ due: 2000, task: first ?? "", kept: true }, {
      due: 1000,
      task: first ?? "",
    }]);
    assertEquals((await broker.stats()).enqueued, 1);
    assertEquals((await schedules.get("s"))?.last, { due: 2000, task: first ?? "" });
  },

  "a run by hand changes nothing but the list of runs": async (connect) => {
    const broker = connect();
    const { schedules } = broker;
    for (const next of [null, 1000]) {
      const schedule = await put(broker, `s${next}`, next);
      const task = newTask();
      const byHand = step(schedule, next, { ticks: [{ due: null, task }] });
      assertEquals(await advance(broker, byHand), [true]);
      assertEquals(await schedules.get(schedule.name), schedule);
      const [run] = await schedules.runs(schedule.name);
      assertEquals([run?.due, run?.task], [null, task.id]);
      assertEquals((await broker.get(task.id))?.schedule, schedule.name);
    }
  },

  "a thousand ticks go in one step; of their runs the last are kept": async (connect) => {
    const broker = connect();
    const { schedules } = broker;
    const schedule = await put(broker, "s", 1);
    const ticks = Array.from({ length: 1000 }, (_, i) => ({ due: i + 1, task: newTask() }));
    assertEquals(await advance(broker, step(schedule, 1001, { ticks })), ticks.map(() => true));
    const runs = await schedules.runs("s");
    assertEquals(
      runs.map(({ due }) => due),
      Array.from({ length: MAX_RUNS }, (_, i) => 1000 - i),
    );
    const ids = (await broker.claim("w", ["default"], 1000)).map(({ id }) => id);
    assertEquals(ids, ticks.map(({ task }) => task.id));
  },

  "workers are woken for a schedule that is due before all others": async (connect) => {
    const [broker, other] = [connect(), connect()];
    const now = await broker.schedules.now();
    const later = await put(broker, "later", now + 60_000);
    let woken = 0;
    const subscription = await other.attend("w", {
      onReady() {},
      onSchedule: () => woken++,
      onRevoked() {},
      onCommand() {},
      onReconnected() {},
    });
    await put(broker, "sooner", now + 50_000);
    await until(() => woken > 0);
    await sleep(50);
    const before = woken;
    await put(broker, "last", now + 70_000);
    await put(broker, "never", null);
    await sleep(50);
    assertEquals(woken, before);
    await broker.schedules.put({ ...later, next: now + 10_000 }, later.revision);
    await until(() => woken > before);
    await subscription.close();
  },

  "there is a bound on their number": async (connect) => {
    const { schedules } = connect();
    const names = Array.from({ length: MAX_SCHEDULES }, (_, i) => `s${i}`);
    const store = (name: string) =>
      schedules.put({ name, body: "{}", inCode: false, next: null }, null);
    for (let i = 0; i < names.length; i += 500) {
      const stored = await Promise.all(names.slice(i, i + 500).map(store));
      assert(stored.every((each) => each === "stored"));
    }
    assertEquals(await store("one more"), "full");
    const [first] = await schedules.list("", 1);
    assertExists(first);
    assertEquals(await schedules.put(first, first.revision), "stored");
    assertEquals(await schedules.remove("s1", (await schedules.get("s1"))?.revision ?? 0), true);
    assertEquals(await store("one more"), "stored");
  },
};

/** Registers the suite for one kind of store. */
export function testSchedules(kind: string, start: () => Promise<TestStore>): void {
  for (const [name, test] of Object.entries(cases)) {
    Deno.test(`${kind} schedules: ${name}`, async () => {
      await using store = await start();
      const open: Broker[] = [];
      try {
        await test(() => {
          const broker = connectBroker(store.url);
          open.push(broker);
          return broker;
        });
      } finally {
        await Promise.all(open.map((broker) => broker.close()));
      }
    });
  }
}
