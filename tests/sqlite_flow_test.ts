/** What a file keeps of flow control beside the tasks says the same as the tasks do. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker, Claimed, NewTask, Outcome, Unique } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { PRIORITIES, type Rate } from "../jobs/wire.ts";
import { failure, newTask, newTasks, success } from "./broker_kit.ts";
import { startSqlite } from "./stores.ts";
import { until } from "./until.ts";

const numRuns = Number(Deno.env.get("PROPERTY_RUNS") ?? 60);
const QUEUES = ["a", "b"];
const NAMES = ["x", "y"];
const MAX_ID = 40;

type Rows = Record<string, SQLInputValue>[];

function rows(file: string, sql: string): Rows {
  const db = new DatabaseSync(file);
  try {
    return db.prepare(sql).all().map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

/** Each query answers what should not be. */
const MISTAKES = {
  "a counter of a queue is off": `SELECT * FROM queues WHERE
    waiting <> (SELECT count(*) FROM tasks
      WHERE queue = queues.name AND status = 'PENDING' AND due IS NULL) OR
    scheduled <> (SELECT count(*) FROM tasks WHERE queue = queues.name AND due IS NOT NULL) OR
    active <> (SELECT count(*) FROM tasks
      WHERE queue = queues.name AND status IN ('STARTED', 'PROGRESS'))`,
  "a counter of a key is off": `SELECT * FROM
    (SELECT concurrency_key AS key, count(*) AS n FROM tasks
      WHERE concurrency_key IS NOT NULL AND status IN ('STARTED', 'PROGRESS') GROUP BY 1) AS counted
    FULL JOIN running ON running.key = counted.key WHERE running.tasks IS NOT counted.n`,
  "a lane is not known, or empty": `SELECT * FROM
    (SELECT DISTINCT queue AS q, priority AS p, lane AS l FROM tasks
      WHERE status = 'PENDING' AND due IS NULL AND lane IS NOT NULL)
    FULL JOIN lanes ON queue = q AND priority = p AND lane = l WHERE q IS NULL OR queue IS NULL`,
  "a lane waits for a place that is free": `SELECT * FROM lanes WHERE waits LIKE 'key %' AND
    coalesce((SELECT tasks FROM running WHERE 'key ' || key = waits), 0) <
    (SELECT concurrency_limit FROM tasks WHERE queue = lanes.queue AND priority = lanes.priority
       AND lane = lanes.lane AND status = 'PENDING' AND due IS NULL ORDER BY position LIMIT 1)`,
  "a lane waits for a rate, and nobody will wake it": `SELECT * FROM lanes
    WHERE waits LIKE 'task %' AND NOT EXISTS
      (SELECT 1 FROM gates WHERE queue = lanes.queue AND scope = waits)`,
  "a unique key is kept by a task that should not": `SELECT * FROM unique_keys
    LEFT JOIN tasks ON n = task WHERE unique_key IS NOT key OR
      (status IN ('SUCCESS', 'FAILURE', 'REVOKED') AND typeof(unique_until) = 'text')`,
};

function check(file: string): void {
  for (const [what, sql] of Object.entries(MISTAKES)) assertEquals(rows(file, sql), [], what);
}

const name = fc.constantFrom(...NAMES);
const queue = fc.constantFrom(...QUEUES);
const rate = fc.constantFrom<Rate[]>("1/h", "20/s", "1000/s");
const id = fc.nat(MAX_ID).map((n) => `t${n}`);
const task: fc.Arbitrary<NewTask> = fc.record({
  id,
  name,
  queue,
  priority: fc.constantFrom(...PRIORITIES),
  concurrency: fc.record({ key: fc.constantFrom("k", "l"), limit: fc.integer({ min: 1, max: 3 }) }),
  rateLimit: rate,
  unique: fc.record({
    key: fc.constantFrom("u", "v"),
    until: fc.constantFrom<Unique["until"][]>("start", "end", { ms: 3 }),
  }),
  eta: fc.constant({ inMs: 2 }),
  expires: fc.constantFrom({ inMs: 3 }, { inMs: 60_000 }),
}, { requiredKeys: ["id", "name", "queue", "priority"] }).map((more) => newTask(more));
const outcome = fc.constantFrom<Outcome[]>(
  success,
  failure,
  { state: "PENDING" },
  { ...failure, state: "RETRY", delayMs: 1 },
);

/** Each changes something; `held` is what the one worker has. */
type Step = (broker: Broker, held: Claimed[]) => Promise<unknown>;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.array(task, { minLength: 1, maxLength: 6 }).map(enqueue) },
  { weight: 6, arbitrary: fc.tuple(fc.shuffledSubarray(QUEUES), fc.nat(5)).map(claim) },
  { weight: 5, arbitrary: fc.tuple(fc.nat(9), outcome).map(settle) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom("revoke", "retry", "forget"), id).map(change) },
  { weight: 2, arbitrary: fc.constantFrom<Step[]>((broker) => broker.promote(), () => sleep(2)) },
  { weight: 1, arbitrary: fc.tuple(queue, fc.option(rate), fc.option(fc.nat(3))).map(limitQueue) },
  { weight: 1, arbitrary: fc.tuple(name, fc.option(rate)).map(limitTask) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("pause", "resume", "purge"), queue).map(change),
  },
  { weight: 1, arbitrary: fc.constant<Step>((broker) => broker.leave("w")) },
);

function enqueue(tasks: NewTask[]): Step {
  return (broker) => broker.enqueue(tasks);
}

function claim([queues, limit]: [string[], number]): Step {
  return async (broker, held) => held.push(...await broker.claim("w", queues, limit));
}

function settle([nth, outcome]: [number, Outcome]): Step {
  return async (broker, held) => {
    const [one] = held.splice(nth % Math.max(1, held.length), 1);
    if (one) await broker.settle("w", [{ id: one.id, token: one.token, outcome }]);
  };
}

function change(
  [call, of]: ["revoke" | "retry" | "forget" | "pause" | "resume" | "purge", string],
): Step {
  return (broker) => broker[call](of);
}

function limitQueue([of, rateLimit, concurrencyLimit]: [string, Rate | null, number | null]): Step {
  return (broker) => broker.limitQueue(of, { rateLimit, concurrencyLimit });
}

function limitTask([of, rateLimit]: [string, Rate | null]): Step {
  return (broker) => broker.limitTask(of, { rateLimit });
}

/** Lets everything run; what stays behind was lost. */
async function drain(broker: Broker): Promise<void> {
  await broker.leave("w");
  for (const each of QUEUES) {
    await broker.resume(each);
    await broker.limitQueue(each, { rateLimit: null, concurrencyLimit: null });
  }
  for (const each of NAMES) await broker.limitTask(each, { rateLimit: "100000/s" });
  await until(async () => {
    const claimed = await broker.claim("w", QUEUES, 5);
    await broker.settle("w", claimed.map((one) => ({ ...one, outcome: success })));
    await broker.promote();
    const left = (await broker.queues()).some((each) => each.waiting + each.scheduled > 0);
    return !left;
  }, 15_000);
}

Deno.test("whatever is done, counters, lanes and keys agree with the tasks, and none stays behind", async () => {
  const steps = fc.noBias(fc.array(step, { maxLength: 60, size: "max" }));
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      await using store = await startSqlite();
      const broker = connectBroker(store.url);
      try {
        const held: Claimed[] = [];
        for (const each of steps) await each(broker, held);
        check(store.file);
        await drain(broker);
        check(store.file);
      } finally {
        await broker.close();
      }
    }),
    { numRuns },
  );
});

Deno.test("keys that wait for one rate are put aside, and all go on when it is lifted", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  await broker.limitTask("add", { rateLimit: "1/h" });
  const tasks = Array.from(
    { length: 1500 },
    (_, i) => newTask({ concurrency: { key: `k${i}`, limit: 1 } }),
  );
  await broker.enqueue(tasks);
  const claims = async (limit: number) => (await broker.claim("w", ["default"], limit)).length;
  assertEquals([await claims(5), await claims(5), await claims(5)], [1, 0, 0]);
  assertEquals(rows(store.file, "SELECT * FROM lanes WHERE waits IS NULL"), []);
  const other = newTask({ name: "other", concurrency: { key: "k1400", limit: 2 } });
  await broker.enqueue([other, newTask({ name: "other" })]);
  assertEquals(await claims(5), 1); // the other one is behind in its lane
  await broker.limitTask("add", { rateLimit: null });
  let started = 2;
  await until(async () => {
    started += await claims(100);
    await broker.promote();
    return started === 1502;
  });
  await broker.leave("w");
  assertEquals(await broker.purge("default"), 1502);
  assertEquals(
    rows(store.file, "SELECT * FROM lanes UNION ALL SELECT key, 0, 0, 0, 0 FROM running"),
    [],
  );
  assertEquals(await claims(1), 0);
  assertEquals(rows(store.file, "SELECT * FROM gates"), []);
  await broker.close();
});

Deno.test("a clock that was set back holds nothing up for as long", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  await broker.limitQueue("default", { rateLimit: "100/s" });
  await broker.enqueue([...newTasks(200), ...newTasks(200, { name: "slow", rateLimit: "50/s" })]);
  await broker.claim("w", ["default"], 99);
  await broker.reap();
  const db = new DatabaseSync(store.file);
  for (const [table, column] of [["state", "reaped"], ["queues", "next_start"]]) {
    db.exec(`UPDATE ${table} SET ${column} = ${column} + 3600000`);
  }
  db.exec("UPDATE task_rates SET next_start = next_start + 3600000");
  db.exec("UPDATE gates SET at = at + 3600000");
  db.close();
  assertEquals(await broker.claim("w", ["default"], 99), []);
  await broker.reap();
  const names = new Set<string>();
  await until(async () => {
    await broker.promote();
    for (const { name } of await broker.claim("w", ["default"], 99)) names.add(name);
    return names.size === 2;
  });
  await broker.close();
});

Deno.test("of very many dead tasks the last ten thousand are kept for longer", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url, { resultExpires: 60, deadExpires: 3600 });
  const count = 10_300;
  await broker.enqueue(newTasks(count));
  const claimed = await broker.claim("w", ["default"], count);
  await broker.settle("w", claimed.map((one) => ({ ...one, outcome: failure })));
  const kept = () => {
    const [row] = rows(
      store.file,
      `SELECT sum(kept_until - finished = 3600000) AS longer, sum(kept_until - finished = 60000) AS
         others, max(CASE WHEN dead IS NULL THEN place END) < min(CASE WHEN dead THEN place END) AS
         ordered FROM tasks`,
    );
    return [row?.["longer"], row?.["others"], row?.["ordered"]];
  };
  assertEquals(kept().slice(0, 2), [count, 0]);
  await until(async () => {
    await broker.reap();
    return kept()[0] === 10_000;
  });
  assertEquals(kept(), [10_000, 300, 1]);
  const [first] = claimed;
  assert(first);
  assertEquals((await broker.retry(first.id))?.done, true);
  await broker.close();
});
