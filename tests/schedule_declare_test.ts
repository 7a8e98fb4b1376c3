/** Schedules declared in code, by processes with the same code and with different code. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Ticker } from "../lib/ticker.ts";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { type DeclaredSchedule, defineSchedule } from "../jobs/schedule.ts";
import { Schedules } from "../jobs/schedule_control.ts";
import { checkDeclared, declareDuty } from "../jobs/schedule_declare.ts";
import { defineTask } from "../jobs/task.ts";
import type { Schedule } from "../jobs/wire.ts";
import { TestRedis } from "./redis.ts";
import { STORES, type TestStore } from "./stores.ts";
import { until } from "./until.ts";

/** How long a declaration holds here: longer than a busy machine lets a process wait. */
const HOLDS_MS = 1200;

const add = defineTask({
  name: "add",
  input: z.tuple([z.number(), z.number().default(2)]),
  run: ([a, b]) => a + b,
});
const registry = new Registry([add]);

function declared(cron: string, more: Partial<DeclaredSchedule> = {}): DeclaredSchedule {
  return { ...defineSchedule({ name: "s", task: add, args: [1], cron }), ...more };
}

class Site implements AsyncDisposable {
  readonly #tickers: Ticker[] = [];
  readonly broker: Broker;
  readonly schedules: Schedules;

  constructor(readonly store: TestStore) {
    this.broker = connectBroker(store.url);
    this.schedules = new Schedules(this.broker, registry);
  }

  /** Starts a process with this code; ends it by `stop`. */
  process(...declared: DeclaredSchedule[]): Ticker {
    const ticker = new Ticker([declareDuty(this.broker, registry, declared, HOLDS_MS)]);
    ticker.start();
    this.#tickers.push(ticker);
    return ticker;
  }

  async cron(): Promise<string | null | undefined> {
    return (await this.schedules.get("s"))?.cron;
  }

  /** Looks for a while, and answers each that it saw. */
  async seen(look: () => Promise<unknown>, ms: number): Promise<unknown[]> {
    const all = new Set<unknown>();
    for (const end = performance.now() + ms; performance.now() < end; await sleep(20)) {
      all.add(await look());
    }
    return [...all];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#tickers.map((ticker) => ticker.stop()));
    await this.broker.close();
    await this.store[Symbol.asyncDispose]();
  }
}

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind}: a declared schedule is stored once, and kept as it was changed by hand`, async () => {
    await using site = new Site(await start());
    const { schedules } = site;
    const code = declared("0 1 * * *");
    const processes = Array.from({ length: 5 }, () => site.process(code));
    await until(async () => await site.cron() === "0 1 * * *");
    const first = await schedules.get("s") as Schedule;
    assertEquals([first.in_code, first.args, first.paused], [true, [1], false]);
    await assertRejects(() => schedules.remove("s"), Error, "is declared in code");
    await schedules.pause("s");
    await schedules.update("s", { cron: "0 2 * * *", args: [5] });
    processes.push(site.process(code));
    const look = async () => {
      const { cron, args, paused } = await schedules.get("s") as Schedule;
      return JSON.stringify([cron, args, paused]);
    };
    assertEquals(await site.seen(look, 2 * HOLDS_MS), ['["0 2 * * *",[5],true]']);
    // Other code counts, and what is paused stays so.
    site.process(declared("0 3 * * *"));
    await until(async () => await look() === '["0 3 * * *",[1],true]');
    assertEquals((await schedules.get("s"))?.created_at, first.created_at);
  });

  Deno.test(`${kind}: old and new code at the same time do not take turns`, async () => {
    await using site = new Site(await start());
    const [before, after] = [declared("0 1 * * *"), declared("0 2 * * *")];
    const gone = declared("0 1 * * *", { name: "gone" });
    const old = [site.process(before, gone), site.process(before, gone)];
    await until(async () => await site.cron() === "0 1 * * *");
    await sleep(20);
    const young = site.process(after);
    await until(async () => await site.cron() === "0 2 * * *");
    await old[0]?.stop();
    old.push(site.process(before, gone)); // started anew in the middle
    assertEquals(await site.seen(() => site.cron(), 3 * HOLDS_MS), ["0 2 * * *"]);
    // What only the old code has stays as long as it runs.
    assert(await site.schedules.get("gone"));
    await Promise.all(old.map((process) => process.stop()));
    await until(async () => await site.schedules.get("gone") === null);
    assertEquals(await site.cron(), "0 2 * * *");
    // Back to the old code.
    const restored = site.process(before);
    await until(async () => await site.cron() === "0 1 * * *");
    assertEquals(await site.seen(() => site.cron(), HOLDS_MS), ["0 1 * * *"]);
    await Promise.all([restored.stop(), young.stop()]);
  });

  Deno.test(`${kind}: all processes may be stopped for long, and nothing is deleted`, async () => {
    await using site = new Site(await start());
    const [one, other] = [declared("0 1 * * *"), declared("0 1 * * *", { name: "other" })];
    await Promise.all([site.process(one, other)].map(async (process) => {
      await until(async () => await site.schedules.get("other") !== null);
      await process.stop();
    }));
    await site.schedules.pause("other");
    await sleep(2 * HOLDS_MS);
    // With different code, and not at the same time.
    site.process(one);
    await sleep(HOLDS_MS / 2);
    site.process(one, other);
    const look = async () => (await site.schedules.get("other"))?.paused;
    assertEquals(await site.seen(look, 2 * HOLDS_MS), [true]);
  });

  Deno.test(`${kind}: code takes over a schedule of its name, and leaves the others alone`, async () => {
    await using site = new Site(await start());
    const mine = { task: "add", args: [7], every: 60 };
    for (const name of ["s", "mine"]) await site.schedules.create(name, mine);
    const process = site.process(declared("0 1 * * *"));
    await until(async () => await site.cron() === "0 1 * * *");
    await process.stop();
    site.process();
    await until(async () => await site.schedules.get("s") === null);
    assertEquals((await site.schedules.get("mine"))?.in_code, false);
  });
}

Deno.test("schedules are declared soon after a Redis that was away at the start is there", async () => {
  const redis = await TestRedis.start();
  await redis.down();
  await using site = new Site(redis);
  const ticker = new Ticker([declareDuty(site.broker, registry, [declared("0 1 * * *")])]);
  ticker.start();
  await sleep(3000);
  await redis.up();
  const cron = () => site.cron().catch(() => undefined);
  await until(async () => await cron() === "0 1 * * *");
  await ticker.stop();
});

Deno.test("a mistake in code is known before a process starts", async () => {
  await checkDeclared(registry, [declared("0 1 * * *"), declared("0 1 * * *", { name: "other" })]);
  // One that is over is no mistake.
  await checkDeclared(registry, [declared("0 1 * * *", { end: new Date("2020-01-01") })]);
  const wrong: [DeclaredSchedule[], string][] = [
    [[declared("0 1 * * *"), declared("0 2 * * *")], 'Two schedules have the name "s"'],
    [[declared("0 0 31 2 *")], 'Schedule "s" is not right: cron: never comes due'],
    [[declared("0 1 * * *", { args: ["x"] })], 'Schedule "s" is not right: Invalid arguments'],
    [
      [declared("0 1 * * *", { misfre: "all" } as Partial<DeclaredSchedule>)],
      'Schedule "s" is not right: misfre is not known; there are task, ',
    ],
    [[declared("0 1 * * *", { task: "nobody" })], 'Unknown task "nobody"'],
  ];
  for (const [list, message] of wrong) {
    await assertRejects(() => checkDeclared(registry, list), TypeError, message);
  }
});
