/** Schedules looked after by real processes: many, killed, with wrong clocks, and without a broker. */

import { assert, assertEquals, assertExists } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { Schedules } from "../jobs/schedule_control.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { startSqlite, STORES, type TestStore } from "./stores.ts";
import { until } from "./until.ts";

const PROCESSES = 10;
const SCHEDULES = 10;
/** How often a process is killed. */
const KILLS = 6;

const definition = { task: "divide", args: [1, 2], misfire: "all" } as const;

/** Makes schedules that are due each second. */
async function fill(schedules: Schedules): Promise<string[]> {
  const names = Array.from({ length: SCHEDULES }, (_, i) => `s${i}`);
  const cron = { cron: "* * * * * *", timezone: "America/New_York" };
  await Promise.all(
    names.map((name, i) =>
      schedules.create(name, { ...definition, ...(i % 2 === 0 ? { every: 1 } : cron) })
    ),
  );
  return names;
}

/** Starts a process that looks after schedules and leaves their tasks where they are. */
function start(store: TestStore, clock: Record<string, string> = {}): Program {
  const args = ["work", "-P", "async", "-c", "1", "-Q", "other"];
  return Program.start(args, { ...clock, TASKAPP_BROKER: store.url }, store.cwd);
}

/** What makes a process believe that it is another time. */
async function wrongBy(offset: string): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command("faketime", {
    args: ["-f", offset, "printenv", "LD_PRELOAD"],
  }).output();
  const LD_PRELOAD = new TextDecoder().decode(stdout).trim();
  return { LD_PRELOAD, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
}

/** Each tick of each schedule once, by the broker's clock, and no other task. */
async function assertEachTickOnce(broker: Broker, schedules: Schedules, names: string[]) {
  const ids = new Set<string>();
  for (const name of names) {
    const runs = await schedules.runs(name);
    for (const [i, { due_at, at, task_id, skipped }] of runs.entries()) {
      assertExists(due_at);
      assertExists(task_id, `${name} at ${due_at}: ${skipped}`);
      ids.add(task_id);
      const lateMs = Date.parse(at) - Date.parse(due_at);
      assert(lateMs >= 0, `${name} ran ${-lateMs} ms before ${due_at}`);
      const before = runs[i + 1]?.due_at;
      if (before) assertEquals(Date.parse(due_at) - Date.parse(before), 1000, `${name} ${due_at}`);
      assertEquals((await broker.get(task_id))?.schedule, name);
    }
  }
  const { enqueued } = await broker.stats();
  assertEquals(enqueued, ids.size);
  return enqueued;
}

for (const [kind, startStore] of Object.entries(STORES)) {
  Deno.test(`${kind}: ten processes enqueue each tick once, whichever are killed and whatever their clocks say`, async () => {
    await using store = await startStore();
    await using stack = new AsyncDisposableStack();
    const broker = stack.adopt(connectBroker(store.url), (broker) => broker.close());
    const run = (clock?: Record<string, string>) => stack.use(start(store, clock));
    const schedules = new Schedules(broker, new Registry(tasks));
    // A file has no clock of its own: there it is the machine's that counts.
    const wrong = kind === "Redis" ? [await wrongBy("+3h"), await wrongBy("-3h")] : [{}, {}];
    const last = wrong.map(run);
    const others = Array.from({ length: PROCESSES - last.length }, () => run());
    await until(async () => (await broker.workers()).length === PROCESSES, 60_000);
    const names = await fill(schedules);
    for (let i = 0; i < KILLS; i++) {
      await sleep(700 + Math.random() * 600);
      await others.shift()?.kill("SIGKILL");
      others.push(run());
    }
    // What goes on after all these are gone.
    await Promise.all(others.map((process) => process.kill("SIGKILL")));
    const before = (await broker.stats()).enqueued;
    await until(async () => (await broker.stats()).enqueued >= before + 3 * SCHEDULES);
    for (const name of names) await schedules.pause(name);
    const ticks = await assertEachTickOnce(broker, schedules, names);
    assert(ticks >= SCHEDULES * KILLS, `${ticks} ticks`);
  });
}

Deno.test("where only a server runs, ticks are enqueued all the same", async () => {
  await using store = await startSqlite();
  await using stack = new AsyncDisposableStack();
  const broker = stack.adopt(connectBroker(store.url), (broker) => broker.close());
  const schedules = new Schedules(broker, new Registry(tasks));
  await schedules.create("s", { ...definition, every: 1 });
  const env = { TASKAPP_BROKER: store.url };
  stack.use(Program.start(["serve", "--port", "0"], env, store.cwd));
  await until(async () => (await schedules.runs("s")).length >= 3);
  await schedules.pause("s");
  await assertEachTickOnce(broker, schedules, ["s"]);
});

Deno.test("a Redis that is away across ticks loses none, and the policy says which run", async () => {
  await using redis = await TestRedis.start({ durable: true });
  await using stack = new AsyncDisposableStack();
  const broker = stack.adopt(connectBroker(redis.url), (broker) => broker.close());
  const schedules = new Schedules(broker, new Registry(tasks));
  for (let i = 0; i < 2; i++) stack.use(start(redis));
  await until(async () => (await broker.workers()).length === 2, 60_000);
  for (const misfire of ["all", "last"] as const) {
    await schedules.create(misfire, { ...definition, every: 1, misfire });
  }
  const runs = async (name: string) => {
    try {
      return await schedules.runs(name);
    } catch {
      return []; // not back yet
    }
  };
  await until(async () => (await runs("last")).length > 1);
  await redis.down();
  await sleep(4000);
  await redis.up();
  await until(async () => (await runs("last")).some(({ skipped }) => skipped !== null));
  for (const name of ["all", "last"]) await schedules.pause(name);
  const all = await runs("all");
  assert(all.length >= 5, `${all.length} ticks`);
  for (const [i, { due_at, task_id }] of all.entries()) {
    const before = all[i + 1]?.due_at;
    assertExists(task_id);
    if (before) assertEquals(Date.parse(due_at ?? "") - Date.parse(before), 1000);
  }
  const [skipped] = (await runs("last")).filter(({ skipped }) => skipped !== null);
  assertExists(skipped?.due_at);
  assert(skipped.until !== null && skipped.until > skipped.due_at);
  const ticks = (await Promise.all(["all", "last"].map(runs))).flat();
  const expected = ticks.filter(({ task_id }) => task_id !== null).length;
  assertEquals((await broker.stats()).enqueued, expected);
});
