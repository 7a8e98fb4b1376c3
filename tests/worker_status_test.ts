/** What workers say of themselves. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { RunningTask } from "../jobs/wire.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { STORES } from "./stores.ts";
import { workerInfo } from "./tell.ts";
import { until } from "./until.ts";
import { Setup } from "./worker_setup.ts";

for (const [kind, startStore] of Object.entries(STORES)) {
  Deno.test(`${kind}: a worker tells what it runs where, what became of the rest, and what it takes`, async () => {
    await using setup = await Setup.start(startStore);
    const options = { leaseMs: 1500, timeLimit: 30, prefetchMultiplier: 3 };
    setup.threads(2, { worker: options, pool: { maxTasksPerChild: 100 } });
    await setup.run(fixtures.echo, [1]);
    await setup.run(fixtures.fails);
    await setup.run(fixtures.flaky); // fails twice before it does not
    const id = await setup.call(fixtures.nap, [60_000]);
    await until(async () => (await workerInfo(setup.broker)).running.length === 1);
    const info = await workerInfo(setup.broker);
    const [running] = info.running as [RunningTask];
    const task = await setup.task(id);
    assertEquals(
      [running.task_id, running.name, running.queue, running.attempt, running.stage],
      [id, "nap", "default", 1, null],
    );
    assertMatch(running.slot, /^[12]$/);
    assert(Math.abs(Date.parse(running.started_at) - Date.parse(task.started_at ?? "")) < 2000);
    assertEquals([info.processed, info.failed, info.retried], [5, 1, 2]);
    assertEquals(info.threads.map(({ slot }) => slot), ["1", "2"]);
    assertEquals(info.threads.reduce((sum, { tasks_done }) => sum + tasks_done, 0), 5);
    assert(info.threads.some(({ memory_mib }) => memory_mib !== null && memory_mib > 0));
    assert(info.tasks.includes("echo") && !info.tasks.includes("divide"), "the threads' own");
    assertEquals([info.deno, info.os], [
      Deno.version.deno,
      `${Deno.build.os} ${Deno.build.arch}`,
    ]);
    assertEquals([info.time_limit, info.soft_time_limit, info.prefetch_multiplier], [30, 0, 3]);
    assertEquals([info.max_tasks_per_child, info.last_command], [100, null]);
    assert(info.cpu_percent >= 0 && info.load.length === 3);
    await setup.broker.revoke(id);
    await until(async () => (await workerInfo(setup.broker)).running.length === 0);
  });
}

Deno.test("what a worker says is capped, however much it runs", async () => {
  await using setup = await Setup.start();
  setup.async(150, { leaseMs: 1500 });
  const ids = await Promise.all(
    Array.from({ length: 150 }, () => setup.call(fixtures.long_stage, [])),
  );
  for (const id of ids.slice(0, 3)) await setup.started(id);
  await until(async () => (await workerInfo(setup.broker)).active === 150);
  await until(async () => (await workerInfo(setup.broker)).running.some(({ stage }) => stage));
  const { running } = await workerInfo(setup.broker);
  assertEquals(running.length, 100);
  assertEquals(running.find(({ stage }) => stage)?.stage?.length, 100);
  for (const id of ids) await setup.broker.revoke(id);
});
