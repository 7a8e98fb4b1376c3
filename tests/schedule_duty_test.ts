/** The scheduler in one process or in many, on each kind of store. */

import { configure, type LogRecord, reset } from "@logtape/logtape";
import { assert, assertEquals, assertExists } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Ticker } from "../lib/ticker.ts";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { Schedules } from "../jobs/schedule_control.ts";
import { scheduleDuty } from "../jobs/schedule_duty.ts";
import { defineTask } from "../jobs/task.ts";
import type { ScheduleRun } from "../jobs/wire.ts";
import { TestRedis } from "./redis.ts";
import { STORES, type TestStore } from "./stores.ts";
import { until } from "./until.ts";

const add = defineTask({
  name: "add",
  input: z.tuple([z.number(), z.number().default(2)]),
  run: ([a, b]) => a + b,
});
const registry = new Registry([add]);

/** A store, and any number of schedulers on it, each with a connection of its own. */
class Site implements AsyncDisposable {
  readonly #brokers: Broker[] = [];
  readonly #tickers: Ticker[] = [];
  readonly broker = this.connect();
  readonly schedules = new Schedules(this.broker, registry);

  constructor(readonly store: TestStore) {}

  connect(): Broker {
    const broker = connectBroker(this.store.url);
    this.#brokers.push(broker);
    return broker;
  }

  /** Starts a scheduler that looks when it is told to, as a worker's does, and each second. */
  async scheduler(): Promise<Ticker> {
    const broker = this.connect();
    const ticker = new Ticker([scheduleDuty(broker)]);
    await broker.attend(crypto.randomUUID(), {
      onReady() {},
      onSchedule: () => ticker.kick("schedules"),
      onRevoked() {},
      onCommand() {},
      onReconnected() {},
    });
    ticker.start();
    this.#tickers.push(ticker);
    return ticker;
  }

  /** The due times of runs that have a task, oldest first, in seconds from the first. */
  async ticks(name: string): Promise<number[]> {
    const times = (await this.schedules.runs(name)).flatMap(dueMs).reverse();
    return times.map((ms) => (ms - (times[0] ?? 0)) / 1000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#tickers.map((ticker) => ticker.stop()));
    await Promise.all(this.#brokers.map((broker) => broker.close()));
    await this.store[Symbol.asyncDispose]();
  }
}

function dueMs({ due_at, task_id }: ScheduleRun): number[] {
  return due_at === null || task_id === null ? [] : [Date.parse(due_at)];
}

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind}: ten schedulers enqueue each tick once, when it is due`, async () => {
    await using site = new Site(await start());
    for (let i = 0; i < 10; i++) await site.scheduler();
    const names = ["a", "b", "c"];
    for (const name of names) {
      await site.schedules.create(name, { task: "add", args: [1], every: 1, misfire: "all" });
    }
    await site.schedules.create("cron", {
      task: "add",
      args: [3, 4],
      cron: "* * * * * *",
      timezone: "Asia/Kathmandu",
      misfire: "all",
    });
    names.push("cron");
    await until(async () => (await site.ticks("cron")).length >= 5);
    for (const name of names) await site.schedules.pause(name);
    let total = 0;
    for (const name of names) {
      const ticks = await site.ticks(name);
      assertEquals(ticks, Array.from(ticks, (_, i) => i), name);
      total += ticks.length;
      for (const { due_at, at } of await site.schedules.runs(name)) {
        const lateMs = Date.parse(at) - Date.parse(due_at ?? "");
        assert(lateMs >= 0, `${name} ran ${lateMs} ms before its time`);
      }
    }
    assertEquals((await site.broker.stats()).enqueued, total);
    const [run] = await site.schedules.runs("cron");
    const task = await site.broker.get(run?.task_id ?? "");
    assertEquals([task?.args, task?.schedule], [[3, 4], "cron"]);
  });

  Deno.test(`${kind}: a scheduler sleeps until the next time, and wakes for an earlier one`, async () => {
    await using site = new Site(await start());
    await site.schedules.create("later", { task: "add", args: [1], every: 3600 });
    const ticker = await site.scheduler();
    await sleep(100);
    const soon = new Date(await site.broker.schedules.now() + 150);
    await site.schedules.create("soon", { task: "add", args: [1], every: 3600, start: soon });
    await until(async () => (await site.schedules.runs("soon")).length === 1);
    const [run] = await site.schedules.runs("soon");
    assertExists(run);
    assertEquals(run.due_at, soon.toISOString());
    await ticker.stop();
  });

  Deno.test(`${kind}: what nobody was there for is done as the policy says`, async () => {
    await using site = new Site(await start());
    const { schedules } = site;
    for (const misfire of ["skip", "last", "all"] as const) {
      await schedules.create(misfire, { task: "add", args: [1], every: 1, misfire });
    }
    await schedules.create("paused", { task: "add", args: [1], every: 1, misfire: "all" });
    await schedules.pause("paused");
    await sleep(3100);
    await schedules.resume("paused");
    const ticker = await site.scheduler();
    await until(async () => (await schedules.runs("paused")).length > 0);
    await ticker.stop();
    const all = await schedules.runs("all");
    assert(all.length >= 3 && all.every(({ task_id }) => task_id !== null));
    assertEquals(await site.ticks("all"), all.map((_, i) => i));
    const [lastRuns, skipRuns] = [await schedules.runs("last"), await schedules.runs("skip")];
    for (const runs of [lastRuns, skipRuns]) {
      const oldest = runs.at(-1);
      assertExists(oldest);
      assert(oldest.skipped !== null && oldest.until !== null && oldest.due_at !== null);
      assert(oldest.due_at < oldest.until && oldest.until < (runs.at(-2)?.due_at ?? ""));
    }
    // While it was paused nothing was missed.
    assert((await schedules.runs("paused")).every(({ skipped }) => skipped === null));
  });

  Deno.test(`${kind}: the log names a task that was started, and says why another was not`, async () => {
    const records: LogRecord[] = [];
    await configure({
      sinks: { records: (record) => void records.push(record) },
      loggers: [
        { category: ["taskapp", "schedules"], lowestLevel: "info", sinks: ["records"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["records"] },
      ],
    });
    try {
      await using site = new Site(await start());
      const { broker, schedules } = site;
      const definition = { task: "add", args: [1], every: 1, misfire: "all" } as const;
      await schedules.create("s", { ...definition, unique: "end", uniqueKey: "k" });
      await site.scheduler();
      await until(() => Promise.resolve(records.length >= 2));
      await schedules.pause("s");
      const [task, ...others] = (await broker.list({ limit: 10 })).tasks;
      assertEquals(others, []);
      const is = `add[${task?.task_id}]`;
      const lines = records.map(({ message }) => message.join(""));
      assertEquals(lines.slice(0, 2), [
        `Schedule s started ${is}`,
        `Schedule s skipped a tick: ${is} with the same unique key was there already`,
      ]);
    } finally {
      await reset();
    }
  });

  Deno.test(`${kind}: a thousand schedules that are due together all run, and nothing else`, async () => {
    await using site = new Site(await start());
    const now = await site.broker.schedules.now();
    const due = new Date(Math.ceil((now + 3000) / 1000) * 1000);
    const definition = { task: "add", args: [1], every: 3600, start: due };
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) => site.schedules.create(`s${i}`, definition)),
    );
    await site.schedules.create("other", { task: "add", args: [1], every: 3600 });
    for (let i = 0; i < 3; i++) await site.scheduler();
    const enqueued = async () => (await site.broker.stats()).enqueued;
    await until(async () => await enqueued() === 1000);
    const { schedules } = await site.schedules.list(500);
    const nextDue = new Date(due.getTime() + 3_600_000).toISOString();
    for (const { name, next_due_at, last_due_at } of schedules) {
      if (name === "other") continue;
      assertEquals([last_due_at, next_due_at], [due.toISOString(), nextDue]);
    }
  });

  Deno.test(`${kind}: many ticks that were missed by many schedules all run`, async () => {
    await using site = new Site(await start());
    const { schedules } = site.broker;
    for (let i = 0; i < 20; i++) {
      await site.schedules.create(`s${i}`, { task: "add", args: [1], every: 1, misfire: "all" });
      const stored = await schedules.get(`s${i}`);
      assertExists(stored);
      const body = JSON.parse(stored.body);
      body.timing.anchor -= 400_000; // as if it had been made then
      body.timing.end = body.updated;
      const put = { ...stored, body: JSON.stringify(body), next: body.timing.anchor };
      assertEquals(await schedules.put(put, stored.revision), "stored");
    }
    await site.scheduler();
    await until(async () => (await site.broker.stats()).enqueued === 20 * 401);
    assertEquals((await schedules.due(100)).schedules, []);
  });

  Deno.test(`${kind}: a schedule that cannot be read stops, and the others go on`, async () => {
    await using site = new Site(await start());
    const { schedules } = site.broker;
    await schedules.put({ name: "broken", body: "{}", inCode: false, next: 1000 }, null);
    await site.schedules.create("fine", { task: "add", args: [1], every: 1 });
    await site.scheduler();
    await until(async () => (await site.schedules.runs("fine")).length > 0);
    assertEquals((await schedules.get("broken"))?.next, null);
    const [run] = await site.schedules.runs("broken");
    assert(run?.skipped?.includes("cannot be read"));
  });
}

Deno.test("a full Redis refuses ticks until there is room, and lets schedules be paused", async () => {
  const redis = await TestRedis.start();
  await using site = new Site(redis);
  const { schedules } = site;
  const definition = { task: "add", args: [1], every: 1, misfire: "all" } as const;
  for (const name of ["paused", "goes_on"]) await schedules.create(name, definition);
  await site.scheduler();
  await until(async () => (await site.ticks("goes_on")).length > 0);
  await redis.command("config", "set", "maxmemory", "1");
  await schedules.pause("paused");
  assertEquals((await schedules.get("paused"))?.paused, true);
  const before = (await site.broker.stats()).enqueued;
  await sleep(2200);
  assertEquals((await site.broker.stats()).enqueued, before);
  await redis.command("config", "set", "maxmemory", "0");
  await until(async () => (await site.ticks("goes_on")).length >= 4);
  const ticks = await site.ticks("goes_on");
  assertEquals(ticks, ticks.map((_, i) => i));
});
