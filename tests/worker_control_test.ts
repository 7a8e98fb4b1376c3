/** Workers that are told what to do while they work, on each kind of store. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { createTask } from "../jobs/tasks/create_task.ts";
import type { WorkerCommand } from "../jobs/wire.ts";
import { fixtures, runs } from "./fixtures/tasks.ts";
import { Site } from "./site.ts";
import { STORES } from "./stores.ts";
import { tell, workerInfo } from "./tell.ts";
import { until } from "./until.ts";
import { Setup } from "./worker_setup.ts";

const BOTH = { queues: ["default", "other"] };

for (const [kind, startStore] of Object.entries(STORES)) {
  Deno.test(`${kind}: a worker is quiet until it is told to resume`, async () => {
    await using setup = await Setup.start(startStore);
    setup.threads(2);
    const running = await setup.call(fixtures.nap, [4000]);
    await setup.started(running);
    const quiet = await tell(setup.broker, "w0", { command: "quiet" });
    assertEquals([quiet.done, quiet.outcome], [true, "takes no tasks; 1 run on"]);
    const late = await setup.call(fixtures.echo, [1]);
    assertEquals((await setup.ended(running)).status, "SUCCESS");
    await sleep(1500); // longer than the poll that a lost wake-up would cost
    assertEquals([(await setup.task(late)).status, (await workerInfo(setup.broker)).mode], [
      "PENDING",
      "quiet",
    ]);
    const resumed = await tell(setup.broker, "w0", { command: "resume" });
    assertEquals([resumed.done, resumed.outcome], [true, "takes tasks again"]);
    assertEquals((await setup.ended(late)).status, "SUCCESS");
    assertEquals((await workerInfo(setup.broker)).mode, "working");
  });

  Deno.test(`${kind}: a pool grows and shrinks as it is told, and no task is stopped for that`, async () => {
    await using setup = await Setup.start(startStore);
    setup.threads(1);
    const slots = async () => {
      const { concurrency, min_concurrency, max_concurrency } = await workerInfo(setup.broker);
      return [concurrency, min_concurrency, max_concurrency];
    };
    const ids = [1, 2, 3].map(() => setup.call(fixtures.noted, [6000]));
    const [a = "", b = "", c = ""] = await Promise.all(ids);
    await setup.started(a);
    assertEquals((await setup.task(b)).status, "PENDING");
    const grown = await tell(setup.broker, "w0", { command: "grow", n: 2 });
    assertEquals([grown.done, grown.outcome], [true, "may run 3 task(s) at once"]);
    await until(async () => (await slots()).join() === "3,3,3"); // a thread at a time
    await Promise.all([setup.started(b), setup.started(c)]);
    const shrunk = await tell(setup.broker, "w0", { command: "shrink", n: 2 });
    assertMatch(shrunk.outcome, /^may run 1 task\(s\) at once; [23] run now/);
    for (const id of [a, b, c]) {
      assertEquals([(await setup.ended(id)).status, await setup.began(id)], ["SUCCESS", 1]);
    }
    await until(async () => (await slots()).join() === "1,1,1");
    const refused = await tell(setup.broker, "w0", { command: "shrink", n: 1 });
    assertEquals(refused.done, false);
    assertMatch(refused.outcome, /one must be left: quiet has it take none/);
    assertEquals((await setup.run(fixtures.echo, [1])).status, "SUCCESS");
  });

  Deno.test(`${kind}: autoscaling begins and ends as it is told`, async () => {
    await using setup = await Setup.start(startStore);
    setup.async(1, { leaseMs: 1500 });
    const told = await tell(setup.broker, "w0", { command: "autoscale", min: 1, max: 3 });
    assertEquals([told.done, told.outcome], [true, "may run 1 to 3 task(s) at once"]);
    const ids = await Promise.all([1, 2, 3].map(() => setup.call(fixtures.nap, [2000])));
    for (const id of ids) await setup.started(id);
    assertEquals((await workerInfo(setup.broker)).active, 3);
    for (const id of ids) assertEquals((await setup.ended(id)).status, "SUCCESS");
    await until(async () => (await workerInfo(setup.broker)).concurrency === 1);
    await tell(setup.broker, "w0", { command: "autoscale", min: 2, max: 2 });
    assertEquals((await workerInfo(setup.broker)).concurrency, 2);
  });

  Deno.test(`${kind}: what was claimed ahead of a removed queue goes back, and runs once`, async () => {
    await using setup = await Setup.start(startStore);
    setup.async(2, { ...BOTH, prefetchMultiplier: 50 });
    for (let i = 0; i < 20; i++) await setup.run(fixtures.counted, [1]); // they are short
    const calls = Array.from(
      { length: 600 },
      (_, i) => setup.call(fixtures.counted, [2], { queue: i % 3 === 0 ? "default" : "other" }),
    );
    const ids = await Promise.all(calls);
    const removed = await tell(setup.broker, "w0", { command: "remove-queue", queue: "other" });
    assertEquals(removed.done, true);
    assertMatch(removed.outcome, /^takes from default/);
    assertEquals((await workerInfo(setup.broker)).queues, ["default"]);
    const last = await tell(setup.broker, "w0", { command: "remove-queue", queue: "default" });
    assertMatch(last.outcome, /its only queue: quiet has it take no tasks/);
    await until(async () =>
      (await setup.broker.queues()).every(({ name, active, waiting }) =>
        active === 0 && (name === "other" || waiting === 0)
      )
    );
    const [held] = (await setup.broker.queues()).filter(({ name }) => name === "other");
    assert(held && held.waiting > 0, "some were left");
    const ran = runs.size;
    await sleep(300);
    assertEquals(runs.size, ran);
    const added = await tell(setup.broker, "w0", { command: "add-queue", queue: "other" });
    assertEquals(added.outcome, "takes from default, other");
    for (const id of ids) assertEquals((await setup.ended(id)).status, "SUCCESS");
    assertEquals(ids.filter((id) => runs.get(id) !== 1), [], "each ran once");
  });

  Deno.test(`${kind}: told this and that under load, workers lose no task and run none twice`, async () => {
    await using setup = await Setup.start(startStore);
    for (const _ of [1, 2]) setup.async(2, { ...BOTH, prefetchMultiplier: 20 });
    const ids = await Promise.all(
      Array.from(
        { length: 1500 },
        (_, i) => setup.call(fixtures.counted, [i % 7], { queue: i % 2 ? "default" : "other" }),
      ),
    );
    const commands: WorkerCommand[] = [
      { command: "grow", n: 3 },
      { command: "remove-queue", queue: "other" },
      { command: "quiet" },
      { command: "autoscale", min: 1, max: 6 },
      { command: "resume" },
      { command: "add-queue", queue: "other" },
      { command: "shrink", n: 4 },
      { command: "remove-queue", queue: "default" },
      { command: "add-queue", queue: "default" },
    ];
    for (const command of commands) {
      const told = await Promise.all(["w0", "w1"].map((name) => tell(setup.broker, name, command)));
      assertEquals(told.map(({ done }) => done), [true, true], command.command);
    }
    for (const id of ids) assertEquals((await setup.ended(id)).status, "SUCCESS");
    assertEquals(ids.filter((id) => runs.get(id) !== 1), []);
  });

  Deno.test(`${kind}: a pool that is restarted under load stops no task`, async () => {
    await using setup = await Setup.start(startStore);
    setup.threads(3, { worker: { prefetchMultiplier: 1 } });
    const ids = await Promise.all(
      Array.from({ length: 100 }, () => setup.call(fixtures.noted, [30])),
    );
    for (let i = 0; i < 3; i++) {
      const { done, outcome } = await tell(setup.broker, "w0", { command: "restart-pool" });
      assert(done, outcome);
    }
    for (const id of ids) {
      assertEquals([(await setup.ended(id)).status, await setup.began(id)], ["SUCCESS", 1]);
    }
  });

  Deno.test(`${kind}: a restarted pool has new threads, and tasks that run end in the old ones`, async () => {
    await using setup = await Setup.start(startStore);
    setup.threads(2);
    const threads = async () =>
      new Set(
        await Promise.all(
          [1, 2, 3, 4].map(async () => (await setup.run(fixtures.thread_id)).result),
        ),
      );
    const before = await threads();
    const running = await setup.call(fixtures.noted, [2500]);
    await setup.started(running);
    const told = await tell(setup.broker, "w0", { command: "restart-pool" });
    assertEquals(told.outcome, "replaces its threads, each when its task has ended");
    assertEquals((await setup.ended(running)).result, "slept");
    for (const thread of await threads()) assert(!before.has(thread), "an old thread");
    assertEquals(await setup.began(running), 1);
  });

  Deno.test(`${kind}: shutdown is TERM from afar`, async () => {
    await using site = await Site.start(startStore);
    await using worker = site.worker("told", "-c", "1");
    const running = await site.call(createTask, [3]);
    await site.underWay(running);
    const waiting = await site.call(createTask, [1]);
    const { name } = await workerInfo(site.broker);
    const told = await tell(site.broker, name, { command: "shutdown" });
    assertEquals([told.done, told.outcome], [true, "stops when its 1 task(s) have ended"]);
    const { mode } = await workerInfo(site.broker);
    assertEquals(mode, "stopping");
    const again = await tell(site.broker, name, { command: "resume" });
    assertEquals([again.done, again.outcome], [false, "it is stopping"]);
    assertEquals(await worker.ended, 0);
    assertEquals((await site.task(running)).status, "SUCCESS");
    assertEquals((await site.task(waiting)).status, "PENDING");
    assertEquals(await site.broker.workers(), []);
  });

  const COMMANDS: WorkerCommand[] = [
    { command: "remove-queue", queue: "other" },
    { command: "restart-pool" },
    { command: "shutdown" },
  ];
  for (const command of COMMANDS) {
    Deno.test(`${kind}: a worker that is killed right after ${command.command} loses no task`, async () => {
      await using site = await Site.start(startStore);
      await using doomed = site.worker("doomed", "-Q", "default,other");
      const running = await site.call(createTask, [2]);
      await site.underWay(running);
      const { name } = await workerInfo(site.broker);
      const other = { ...await createTask.prepare([1]), queue: "other" };
      await site.broker.enqueue([other]);
      assert(await site.broker.commands.send(name, { id: crypto.randomUUID(), ...command }));
      await doomed.kill("SIGKILL");
      await using _heir = site.worker("heir", "-Q", "default,other");
      for (const id of [running, other.id]) {
        await until(async () => (await site.task(id)).status === "SUCCESS");
        const events = await site.broker.events(id, 0) ?? [];
        assertEquals(events.filter(({ status }) => status === "SUCCESS").length, 1);
      }
      const heir = (await site.broker.workers()).find(({ hostname }) => hostname === "heir");
      assertEquals([heir?.mode, heir?.queues, heir?.last_command], [
        "working",
        ["default", "other"],
        null,
      ]);
    });
  }
}

/** Runs a test with a thread's program whose `echo` waits for so many ms and answers a greeting. */
async function withProgram(
  test: (program: URL, write: (greeting: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(`${tmpdir()}/taskapp-code-`);
  const at = (path: string) => new URL(path, import.meta.url);
  try {
    await writeFile(
      `${dir}/thread.ts`,
      `import { runThread } from "${at("../jobs/thread_loop.ts")}";
       import { Registry } from "${at("../jobs/registry.ts")}";
       import { defineTask } from "${at("../jobs/task.ts")}";
       import { greeting } from "./greeting.ts";
       import { z } from "${import.meta.resolve("zod")}";
       const input = z.tuple([z.number()]);
       const run = ([ms]) => new Promise((done) => setTimeout(() => done(greeting), ms));
       runThread(new Registry([defineTask({ name: "echo", input, run })]));`,
    );
    await test(
      pathToFileURL(`${dir}/thread.ts`),
      (greeting) => writeFile(`${dir}/greeting.ts`, `export const greeting = ${greeting};`),
    );
  } finally {
    await rm(dir, { recursive: true });
  }
}

Deno.test("a restarted pool runs task code as it is now, and new code that fails leaves the old", () =>
  withProgram(async (program, write) => {
    await write('"old"');
    await using setup = await Setup.start();
    setup.threads(2, { pool: { program } });
    const results = async () =>
      (await Promise.all([1, 2, 3].map((n) => setup.run(fixtures.echo, [n])))).map((task) =>
        task.result
      );
    assertEquals(await results(), Array(3).fill("old"));
    await write("who knows");
    const failed = await tell(setup.broker, "w0", { command: "restart-pool" });
    assertEquals(failed.done, false);
    assertMatch(failed.outcome, /^A worker thread cannot start: .*/);
    assertEquals(await results(), Array(3).fill("old"));
    await write('"new"');
    const told = await tell(setup.broker, "w0", { command: "restart-pool" });
    assertEquals(told.done, true);
    await until(async () => (await results()).join() === "new,new,new");
    assertEquals((await workerInfo(setup.broker)).tasks, ["echo"]);
  }));

Deno.test("a new thread that ends before its turn gets no task", () =>
  withProgram(async (program, write) => {
    await write('"old"');
    await using setup = await Setup.start();
    setup.threads(1, { pool: { program } });
    const running = await setup.call(fixtures.echo, [3000]);
    await setup.started(running);
    await write('"short-lived"; setTimeout(() => Deno.exit(3), 200)');
    assertEquals((await tell(setup.broker, "w0", { command: "restart-pool" })).done, true);
    await write('"new"');
    assertEquals((await setup.run(fixtures.echo, [1])).result, "new");
    assertEquals((await setup.task(running)).result, "old");
  }));

Deno.test("a pool that is being restarted makes no more threads for being told again", async () => {
  await using setup = await Setup.start();
  const worker = setup.threads(1);
  await setup.run(fixtures.echo, [1]);
  const told = await Promise.allSettled([1, 2, 3, 4].map(() => worker.restartPool()));
  assertEquals(told.map(({ status }) => status), ["fulfilled", ...Array(3).fill("rejected")]);
  assertMatch(
    told.map((each) => each.status === "rejected" ? String(each.reason) : "").join(),
    /new threads are being started already: tell it again later/,
  );
  await worker.restartPool();
  assertEquals((await setup.run(fixtures.echo, [2])).result, 2);
});

Deno.test("a worker that stops makes no more threads, however many it was to have", async () => {
  await using setup = await Setup.start();
  const worker = setup.threads(1);
  const running = await setup.call(fixtures.nap, [1500]);
  await setup.started(running);
  worker.setBounds({ min: 50, max: 50 });
  const { concurrency } = worker.beat();
  worker.stop();
  await setup.stopped();
  assertEquals((await setup.task(running)).status, "SUCCESS");
  assertEquals(worker.beat().concurrency, concurrency);
});

Deno.test("an async pool has no threads to restart", async () => {
  await using setup = await Setup.start();
  setup.async(1);
  await until(async () => (await setup.broker.workers()).length === 1);
  const { done, outcome } = await tell(setup.broker, "w0", { command: "restart-pool" });
  assertEquals(done, false);
  assertMatch(outcome, /its pool is async and has no threads to replace: restart the worker/);
});
