/** Real processes that are killed, stopped and replaced, on each kind of store. */

import { assert, assertEquals, assertExists } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBroker } from "../jobs/connect.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import type { TaskEvent } from "../jobs/wire.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { Site } from "./site.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";

for (const [kind, startStore] of Object.entries(STORES)) {
  Deno.test(`${kind}: a killed worker's task runs elsewhere within seconds, and ends once`, async () => {
    await using site = await Site.start(startStore);
    // With leases this long only the end of its process tells in time of a worker that is gone.
    const lease = ["--lease", "300"];
    await using one = site.worker("one", ...lease);
    await using two = site.worker("two", ...lease);
    await until(async () => (await site.broker.workers()).length === 2);
    const id = await site.call(createTask, [4]);
    await site.underWay(id);
    const isWith = async (name: string) => (await site.task(id)).worker?.startsWith(name) ?? false;
    const [doomed, heir] = await isWith("one") ? [one, "two"] : [two, "one"];
    await doomed.kill("SIGKILL");
    await until(() => isWith(heir));
    await until(async () => (await site.task(id)).status === "SUCCESS");
    const task = await site.task(id);
    assertEquals([task.retries, task.attempt], [0, 1]);
    const events = await site.broker.events(id, 0) ?? [];
    assertEquals(events.filter(({ status }) => status === "SUCCESS").length, 1);
    assertEquals(events.map(({ seq }) => seq), events.map((_, i) => i + 1));
  });

  Deno.test(`${kind}: a worker that was paused beyond its lease cannot end the task any more`, async () => {
    await using site = await Site.start(startStore);
    // The lease is long; the pause is made long enough by giving the task to another by hand.
    await using frozen = site.worker("frozen");
    const id = await site.call(createTask, [3]);
    await site.underWay(id);
    frozen.signal("SIGSTOP");
    const name = (await site.task(id)).worker;
    assertExists(name);
    await site.broker.leave(name); // what the reaper does when the lease has run out
    const [claim] = await site.broker.claim("other", ["default"], 1);
    assertExists(claim);
    frozen.signal("SIGCONT");
    await sleep(4000); // the paused run's time, and a heartbeat
    const task = await site.task(id);
    assertEquals([task.status, task.worker], ["STARTED", "other"]);
    const outcome = { state: "SUCCESS", result: '"mine"' } as const;
    assertEquals(await site.broker.settle("other", [{ ...claim, outcome }]), [true]);
    assertEquals((await site.task(id)).result, "mine");
  });

  Deno.test(`${kind}: TERM lets running tasks finish, takes no new ones, and exits 0`, async () => {
    await using site = await Site.start(startStore);
    await using worker = site.worker("drained", "-c", "1");
    const running = await site.call(createTask, [2]);
    await site.underWay(running);
    const waiting = await site.call(createTask, [1]);
    assertEquals(await worker.kill("SIGTERM"), 0);
    assertEquals((await site.task(running)).status, "SUCCESS");
    assertEquals((await site.task(waiting)).status, "PENDING");
    assertEquals(await site.broker.workers(), []);
  });

  Deno.test(`${kind}: after its grace, and after a second signal, a worker hands back and exits 0`, async () => {
    await using site = await Site.start(startStore);
    for (const [grace, signals] of [["1", 1], ["30", 2]] as const) {
      await using worker = site.worker("hurried", "--grace", grace);
      const id = await site.call(createTask, [60]);
      await site.underWay(id);
      if (signals === 2) {
        worker.signal("SIGTERM");
        await sleep(200);
      }
      assertEquals(await worker.kill("SIGTERM"), 0);
      const task = await site.task(id);
      assertEquals([task.status, task.retries], ["PENDING", 0]);
      await site.broker.revoke(id);
    }
  });

  Deno.test(`${kind}: call --watch shows the progress and exits by the outcome`, async () => {
    await using site = await Site.start(startStore);
    await using _worker = site.worker("watched");
    const good = await Program.output(
      ["call", "long_running_task", "[0.2]", "--watch"],
      site.env,
      site.store.cwd,
    );
    assertEquals(good.code, 0);
    for (const stage of ["STARTED", "PROCESSING", "CONCLUDING", "COMPLETED"]) {
      assert(good.stderr.includes(stage), good.stderr);
    }
    const bad = await Program.output(
      ["call", "divide", "[1, 0]", "--watch"],
      site.env,
      site.store.cwd,
    );
    assertEquals(bad.code, 1);
    assert(bad.stderr.includes("division by zero"), bad.stderr);
  });

  Deno.test(`${kind}: what a server has answered outlives it, and several workers share it`, async () => {
    await using site = await Site.start(startStore);
    const port = freePort();
    await using server = Program.start(
      ["serve", "--port", `${port}`],
      site.env,
      site.store.cwd,
    );
    const post = (tasks: unknown[]) =>
      fetch(`http://127.0.0.1:${port}/tasks/batch`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ tasks }),
      });
    await until(() =>
      post([]).then((response) => response.body?.cancel()).then(() => true, () => false)
    );
    const response = await post(Array(300).fill({ name: "count_primes", args: [10] }));
    assertEquals([response.status, (await response.json()).tasks.length], [202, 300]);
    await server.kill("SIGKILL");
    await using _one = site.worker("one");
    await using _two = site.worker("two");
    const ended = async () => (await site.broker.list({ state: "SUCCESS", limit: 500 })).tasks;
    await until(async () => (await ended()).length === 300);
    // Claimed ahead on a busy machine, a task may go from one to the other before it starts.
    const runs = (await ended()).map(({ attempt, retries, result }) => [attempt, retries, result]);
    assertEquals(new Set(runs.map(String)), new Set(["1,0,4"]));
  });

  Deno.test(`${kind}: a server alone sees what waits again and what is due`, async () => {
    await using site = await Site.start(startStore);
    await using _server = Program.start(["serve", "--port", "0"], site.env, site.store.cwd);
    await using worker = site.worker("last");
    const id = await site.call(createTask, [60]);
    await site.underWay(id);
    await worker.kill("SIGKILL");
    await until(async () => (await site.broker.workers()).length === 0);
    const task = await site.task(id);
    assertEquals([task.status, task.retries, task.worker], ["PENDING", 0, null]);
    await site.broker.enqueue([await createTask.prepare([60], { countdown: 0.5 })]);
    const queue = async () => (await site.broker.queues()).find(({ name }) => name === "default");
    assertEquals((await queue())?.scheduled, 1);
    await until(async () => (await queue())?.waiting === 2);
  });
}

Deno.test("a subscriber misses nothing while Redis restarts", async () => {
  await using redis = await TestRedis.start({ durable: true });
  const broker = connectBroker(redis.url);
  const env = { TASKAPP_BROKER: redis.url };
  await using _worker = Program.start(["work", "-c", "1"], env);
  const task = await longRunningTask.prepare([1]);
  await broker.enqueue([task]);
  await until(async () => (await broker.get(task.id))?.stage === "PROCESSING");
  const heard: TaskEvent[] = [];
  let gaps = 0;
  const subscription = await broker.subscribe({
    onEvents: (events) => heard.push(...events),
    onGap: () => gaps++,
  });
  await redis.down();
  await sleep(500);
  await redis.up();
  await until(() => gaps > 0);
  await until(async () => (await broker.get(task.id))?.status === "SUCCESS");
  await until(() => heard.at(-1)?.status === "SUCCESS");
  await subscription.close();
  const events = await broker.events(task.id, 0) ?? [];
  const stages = events.map(({ stage }) => stage).filter((stage, i, all) => stage !== all[i - 1]);
  assertEquals(stages, [null, "STARTED", "PROCESSING", "CONCLUDING", "COMPLETED"]);
  await broker.close();
});
