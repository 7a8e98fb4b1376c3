/** TSTP quiets a worker, TTIN has it say what it runs. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { createTask } from "../jobs/tasks/create_task.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { Program } from "./program.ts";
import { Site } from "./site.ts";
import { startSqlite, STORES } from "./stores.ts";
import { until } from "./until.ts";

for (const [kind, startStore] of Object.entries(STORES)) {
  Deno.test(`${kind}: a quiet worker takes nothing more, ends what it runs, and TERM drains it`, async () => {
    await using site = await Site.start(startStore);
    await using worker = site.talkativeWorker("quiet");
    const ids = [await site.call(createTask, [2]), await site.call(createTask, [6])];
    const [short = "", long = ""] = ids;
    for (const id of ids) await site.underWay(id);
    worker.signal("SIGTSTP");
    await sleep(300);
    const late = await site.call(createTask, [1]);
    await until(async () => (await site.task(short)).status === "SUCCESS");
    worker.signal("SIGCONT"); // does not undo it
    await sleep(1500); // longer than the poll that a lost wake-up would cost
    assertEquals((await site.task(late)).status, "PENDING");
    const [alive] = await site.broker.workers();
    assertEquals([alive?.mode, alive?.active, alive?.concurrency], ["quiet", 1, 2]);

    const { code, stderr } = await worker.stop();
    assertEquals(code, 0);
    assertStringIncludes(stderr, "Quiet: 2 task(s) run on");
    const task = await site.task(long);
    assertEquals([task.status, task.retries], ["SUCCESS", 0]);
    const left = await site.task(late);
    assertEquals([left.status, left.deliveries, left.retries], ["PENDING", 0, 0]);
    await using _next = site.worker("next");
    await until(async () => (await site.task(late)).status === "SUCCESS");
  });

  Deno.test(`${kind}: TTIN tells what runs, at any log level`, async () => {
    await using site = await Site.start(startStore);
    await using worker = site.talkativeWorker("asked", "-l", "error", "-Q", "default,other");
    const staged = await site.call(longRunningTask, [20]);
    const plain = await site.call(createTask, [20]);
    for (const id of [staged, plain]) await site.underWay(id);
    worker.signal("SIGTTIN");
    await sleep(500);
    worker.signal("SIGTERM"); // and once more, by stop(): hands back at once
    await sleep(200);
    const { code, stderr } = await worker.stop();
    assertEquals(code, 0);
    const [line = "", ...more] = stderr.split("\n").filter((each) =>
      each.includes("taskapp.status")
    );
    assertEquals(more, []);
    const { message, tasks, ...told } = JSON.parse(line);
    assertEquals(
      [told.mode, told.pool, told.concurrency, told.running, told.queues],
      ["working", "threads", 2, 2, "default, other"],
    );
    assert(told.memory_mib > 10);
    const [first, second] = tasks;
    assertEquals([first.id, first.name, first.attempt], [staged, "long_running_task", 1]);
    assertEquals([first.stage, second.stage], ["STARTED", null]);
    assertEquals([second.id, second.name], [plain, "create_task"]);
    assert(second.seconds >= 0.1 && second.seconds < 15);
    assert(first.thread !== second.thread && Number.isInteger(first.thread));
    assertMatch(message, /long_running_task\[.*\] attempt 1, for .* s, stage STARTED, thread \d+/);
  });
}

Deno.test("USR1 tells what runs too, and leaves no debugger open", async () => {
  await using site = await Site.start(startSqlite);
  await using worker = site.talkativeWorker("asked", "-l", "error");
  await until(() => site.isUp("asked"));
  worker.signal("SIGUSR1");
  await sleep(2500);
  await assertRejects(
    () => Deno.connect({ hostname: "127.0.0.1", port: 9229 }),
    Deno.errors.ConnectionRefused,
  );
  const { code, stderr } = await worker.stop();
  assertEquals(code, 0);
  assertStringIncludes(stderr, "taskapp.status");
});

Deno.test("dev answers TTIN too", async () => {
  await using site = await Site.start(startSqlite);
  const args = ["dev", "-p", "0", "-P", "async"];
  await using dev = Program.startPiped(args, site.env, site.store.cwd);
  const id = await site.call(createTask, [3]);
  await site.underWay(id);
  dev.signal("SIGTTIN");
  await until(async () => (await site.task(id)).status === "SUCCESS");
  const { stderr } = await dev.stop();
  assertMatch(stderr, /1 of \d+ slots busy in its pool of async, .*create_task\[/);
});
