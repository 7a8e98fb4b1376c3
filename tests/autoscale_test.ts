/** A pool that grows while tasks wait and shrinks when they do not. */

import { assertEquals } from "@std/assert";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Autoscaler } from "../jobs/autoscaler.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { Program } from "./program.ts";
import { Site } from "./site.ts";
import { startSqlite } from "./stores.ts";
import { until } from "./until.ts";
import { Setup } from "./worker_setup.ts";

const BOUNDS = { max: 10, min: 2 };

Deno.test("the limit doubles while all slots are busy and more waits, up to its most", () => {
  const scaler = new Autoscaler(BOUNDS, 1000);
  const limits = Array.from({ length: 10 }, (_, i) => {
    scaler.look(i * 100, { running: scaler.limit, more: true });
    return scaler.limit;
  });
  assertEquals(limits, [2, 4, 4, 8, 8, 10, 10, 10, 10, 10]);
});

Deno.test("a burst that is over at the next look, and full slots alone, change nothing", () => {
  const scaler = new Autoscaler(BOUNDS, 1000);
  for (let now = 0; now < 900; now += 200) {
    scaler.look(now, { running: 2, more: true });
    scaler.look(now + 100, { running: 2, more: false });
  }
  assertEquals(scaler.limit, 2);
});

Deno.test("what nothing needed for the time goes, and never what is needed", () => {
  const scaler = new Autoscaler(BOUNDS, 1000);
  for (let now = 0; now <= 500; now += 100) scaler.look(now, { running: scaler.limit, more: true });
  assertEquals(scaler.limit, 10);
  const at = (now: number) => {
    scaler.look(now, { running: 3, more: false });
    return scaler.limit;
  };
  assertEquals([1400, 1500].map(at), [10, 8]); // all that ran at the last change
  scaler.note(6); // between two looks
  assertEquals([2400, 2500, 9900].map(at), [8, 6, 3]);
  scaler.look(11_000, { running: 0, more: false });
  scaler.look(12_000, { running: 0, more: false });
  assertEquals(scaler.limit, 2);
});

for (const kind of ["threads", "async"] as const) {
  Deno.test(`${kind} pool: it grows with the queue, ends nothing by shrinking, and says its size`, async () => {
    await using setup = await Setup.start();
    const worker = { concurrency: { max: 4, min: 1 }, autoscaleKeepMs: 1500, leaseMs: 2500 };
    if (kind === "threads") setup.threads(1, { worker });
    else setup.async(1, worker);
    const size = async () => (await setup.broker.workers())[0]?.concurrency;
    await until(async () => await size() === 1);
    const long = await setup.call(fixtures.noted, [60_000], { timeLimit: 0 });
    await setup.started(long);
    await sleep(500);
    await setup.run(fixtures.echo, [1], { priority: "high" }); // beside the long one
    const ids = await Promise.all(
      Array.from({ length: 12 }, () => setup.call(fixtures.nap, [700])),
    );
    await until(async () => {
      const tasks = await Promise.all(ids.map((id) => setup.task(id)));
      return tasks.filter(({ status }) => status === "STARTED").length === 3;
    });
    await until(async () => await size() === 4);
    for (const id of ids) assertEquals((await setup.ended(id)).status, "SUCCESS");
    await until(async () => await size() === 1);
    assertEquals([(await setup.task(long)).status, await setup.began(long)], ["STARTED", 1]);
    await setup.broker.revoke(long);
    // The slot that it kept works on.
    assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
  });
}

Deno.test("work --autoscale starts with its least, and its name is expanded", async () => {
  await using site = await Site.start(startSqlite);
  const args = ["work", "--autoscale", "3,1", "-n", "w@%h"];
  await using _worker = Program.start(args, site.env, site.store.cwd);
  const worker = async () => (await site.broker.workers())[0];
  await until(async () => (await worker())?.concurrency === 1);
  assertEquals((await worker())?.hostname, `w@${os.hostname()}`);
  const ids = await Promise.all([1, 2, 3, 4].map(() => site.call(createTask, [20])));
  await until(async () => (await worker())?.concurrency === 3);
  const states = await Promise.all(ids.map(async (id) => (await site.task(id)).status));
  assertEquals(states.filter((state) => state === "PENDING").length, 1);
});
