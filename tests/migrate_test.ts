import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Broker, Claimed, NamedTaskLimits, QueueState } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { PRIORITIES, STATES, type Task, type TaskEvent } from "../jobs/wire.ts";
import { beat, firstTasks, newTask } from "./broker_kit.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { startSqlite } from "./stores.ts";

/** Tasks in every state that can outlive a worker, with all that they can have. */
async function fill(broker: Broker): Promise<void> {
  const later = { inMs: 3_600_000 };
  const error = { type: "TypeError", message: 'no "x" ü', stack: "TypeError\n  at y" };
  await broker.enqueue(Array.from({ length: 6 }, (_, i) => newTask({ args: `[${i},1]` })));
  const claimed = await broker.claim("w", ["default"], 6);
  const [a, b, c, d, e, f] = claimed as [Claimed, Claimed, Claimed, Claimed, Claimed, Claimed];
  const stage = 'a "stage" ü\n';
  await broker.report("w", [
    { ...a, progress: { percent: 12.5, stage, meta: '{"k":[1]}' }, log: "one\ntwo" },
  ]);
  await broker.settle("w", [
    { ...a, outcome: { state: "SUCCESS", result: '{"x":[null,1.5]}' } },
    { ...b, outcome: { state: "FAILURE", error } },
    { ...c, outcome: { state: "RETRY", error, delayMs: 3_600_000 } },
    { ...d, outcome: { state: "PENDING" } },
  ]);
  await broker.revoke(e.id);
  await broker.retry(b.id);
  assert(f); // still claimed when its worker goes away
  await broker.enqueue([
    ...PRIORITIES.map((priority) => newTask({ priority, timeLimit: 1.5, maxRetries: 0 })),
    newTask({ eta: later, expires: { inMs: 7_200_000 } }),
    newTask({ queue: "other", softTimeLimit: 0, idempotencyKey: "k", expires: later }),
    newTask({ args: JSON.stringify(["x".repeat(1024 * 1024 - 10)]), queue: "big" }),
  ]);
  const { schedules } = broker;
  for (let i = 0; i < 150; i++) {
    const next = i % 3 === 0 ? null : 1000 + i;
    await schedules.put({ name: `s${i}`, body: `{"ü":${i}}`, inCode: i % 2 === 0, next }, null);
  }
  const [first] = (await schedules.due(1)).schedules;
  assert(first);
  const ticks = Array.from({ length: 3 }, (_, due) => ({ due, task: newTask() }));
  const skipped = [{ due: 5, until: 6, reason: "why" }];
  const { name, revision, next: due } = first;
  await schedules.advance([{ name, revision, due, next: 2000, ticks, skipped }]);
  await broker.enqueue(Array.from({ length: 1200 }, () => newTask({ queue: "many" })));
  await broker.pause("other");
  await broker.enqueue([
    newTask({ queue: "limited", concurrency: { key: "k", limit: 2 }, onLost: "fail" }),
    newTask({
      queue: "limited",
      name: "slow",
      rateLimit: "1/d",
      unique: { key: "u", until: "end" },
    }),
    newTask({ queue: "limited", eta: later, unique: { key: "v", until: { ms: 3_600_000 } } }),
  ]);
  await broker.limitQueue("limited", { rateLimit: "10/m", concurrencyLimit: 5 });
  await broker.limitTask("slow", { rateLimit: "1000/s", softTimeLimit: 5 });
  await broker.limitTask("timed", { timeLimit: 0 });
  await broker.access.put("user alice", '{"role":"admin"}', null);
}

interface Contents {
  tasks: Task[];
  events: (TaskEvent[] | null)[];
  newest: string[];
  schedules: unknown[];
  inCode: string[];
  due: string[];
  queues: QueueState[];
  taskLimits: NamedTaskLimits[];
  access: Map<string, string> | undefined;
}

async function contents(broker: Broker): Promise<Contents> {
  const tasks: Task[] = [];
  for (const state of STATES) {
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await broker.list({ state, limit: 500, cursor: cursor || undefined });
      tasks.push(...page.tasks);
      cursor = page.cursor;
    }
  }
  tasks.sort((a, b) => a.task_id < b.task_id ? -1 : 1);
  const newest = (await firstTasks(broker, { limit: 500 })).map(({ task_id }) => task_id);
  const events = await Promise.all(tasks.map(({ task_id }) => broker.events(task_id, 0)));
  const stored = await broker.schedules.list("", 1000);
  const schedules = await Promise.all(stored.map(async ({ revision: _, ...schedule }) => ({
    ...schedule,
    runs: await broker.schedules.runs(schedule.name),
  })));
  const inCode = (await broker.schedules.inCode()).map(({ name }) => name).sort();
  const due = (await broker.schedules.due(1000)).schedules.map(({ name }) => name);
  const [queues, taskLimits] = await Promise.all([broker.queues(), broker.taskLimits()]);
  const access = (await broker.access.read(null))?.records;
  return { tasks, events, newest, schedules, inCode, due, queues, taskLimits, access };
}

function migrate(from: string, to: string, cwd: string) {
  return Program.output(["migrate", "--from", from, "--to", to], {}, cwd);
}

Deno.test("migrate moves every task with all that is known of it, and takes the file out of use", async () => {
  await using store = await startSqlite();
  await using redis = await TestRedis.start();
  const before = connectBroker(store.url);
  await fill(before);
  await before.leave("w");
  const expected = await contents(before);
  await before.close();

  const { code, stdout, stderr } = await migrate(store.url, redis.url, store.cwd);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(
    stdout,
    /^PENDING +1215\nRETRY +1\nSUCCESS +1\nREVOKED +1\nAll 1218 task\(s\) and 150 schedule/,
  );
  const after = connectBroker(redis.url);
  const actual = await contents(after);
  assertEquals(actual.tasks.length, 1218);
  assertEquals(actual, expected);
  // Each queue goes on in its order; a paused one stays so, and keys stay known.
  const claims = async (broker: Broker) =>
    (await broker.claim("w", ["default", "other", "many"], 100)).map((
      { id, token },
    ) => [id, token]);
  const [renamed] = [...Deno.readDirSync(store.cwd)].map(({ name }) => name);
  assertMatch(renamed ?? "", /^taskapp\.db\.migrated-\d{8}T\d{6}$/);
  const old = connectBroker(`sqlite:${store.cwd}/${renamed}`);
  assertEquals(await claims(after), await claims(old));
  await old.close();
  const again = await after.enqueue([newTask({ queue: "other", idempotencyKey: "k" })]);
  assertEquals(again.map(({ created }) => created), [false]);
  for (const key of ["u", "v"]) {
    const unique = { key, until: "end" } as const;
    assertEquals((await after.enqueue([newTask({ unique })])).map(({ created }) => created), [
      false,
    ]);
  }
  await after.close();
});

Deno.test("migrate changes nothing while others are at work, and nothing that has arrived", async () => {
  await using store = await startSqlite();
  await using redis = await TestRedis.start();
  const source = connectBroker(store.url);
  const target = connectBroker(redis.url);
  const task = newTask();
  await source.enqueue([task]);
  const refused = async (says: RegExp) => {
    const { code, stdout, stderr } = await migrate(store.url, redis.url, store.cwd);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, says);
    assertEquals(stderr.trim().split("\n").length, 1);
  };
  await refused(/is in use: stop the serve, work and dev/);
  await source.close();

  await target.heartbeat(beat("w"));
  await refused(/^error: Workers are at work on redis:/);
  await target.leave("w");

  // As after a move that was cut off: what has arrived is left alone.
  await target.enqueue([task]);
  await target.revoke(task.id);
  assertEquals((await migrate(store.url, redis.url, store.cwd)).code, 0);
  assertEquals((await target.get(task.id))?.status, "REVOKED");
  await target.close();
  const gone = await migrate(store.url, redis.url, store.cwd);
  assertEquals([gone.code, gone.stderr], [2, `error: There is no file ${store.file}\n`]);
  const wrong = await migrate(redis.url, store.url, store.cwd);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /--from sqlite:FILE --to redis:/);
});
