/**
 * What Redis itself allows: the very bytes that taskapp sends to enqueue and to run tasks, sent again
 * without waiting for answers, by a client that does nothing else. No client that makes the same calls can
 * be faster, so the share of it is how much of Redis's time is used.
 */

import type { Buffer } from "node:buffer";
import { connectBroker } from "../../jobs/connect.ts";
import { Recorder, replay } from "../recording.ts";
import type { Bench, Contender, Goal, Scenario } from "../scenario.ts";
import { theirRedis } from "../site.ts";
import { bench } from "../tasks.ts";
import { runEnqueue } from "./enqueue.ts";
import { runTasks } from "./work.ts";

const BATCH = 1000;
/** Tasks that one call claims, and one settles. */
const STEP = 64;
const LIMIT = "Redis itself";

/** Enqueues tasks and runs them through the broker, and keeps what it sent for each. */
async function record(at: Bench, tasks: number): Promise<{ enqueue: Buffer; run: Buffer }> {
  await using recorder = new Recorder(at.redis.port);
  const broker = connectBroker(recorder.url);
  try {
    const task = await bench.prepare({});
    await broker.ping();
    recorder.take(); // what greets a Redis
    for (let done = 0; done < tasks; done += BATCH) {
      await broker.enqueue(
        Array.from({ length: BATCH }, () => ({ ...task, id: crypto.randomUUID() })),
      );
    }
    const enqueue = recorder.take();
    for (let done = 0; done < tasks;) {
      const claimed = await broker.claim("w", [task.queue], STEP);
      const outcome = { state: "SUCCESS", result: "0" } as const;
      await broker.settle("w", claimed.map(({ id, token }) => ({ id, token, outcome })));
      done += claimed.length;
    }
    return { enqueue, run: recorder.take() };
  } finally {
    await broker.close();
  }
}

/**
 * The same ids in the same order come to the same state, so every call does what it did.
 * @returns tasks a second
 */
async function limits(at: Bench): Promise<{ enqueued: number; finished: number }> {
  const tasks = at.quick ? 10_000 : 40_000;
  const { enqueue, run } = await record(at, tasks);
  await at.redis.flush();
  const enqueued = tasks / await replay(at.redis.port, enqueue) * 1000;
  const finished = tasks / await replay(at.redis.port, run) * 1000;
  const broker = connectBroker(at.redis.url);
  try {
    const { outcomes } = await broker.stats();
    const ended = outcomes.find(({ outcome }) => outcome === "SUCCESS")?.count;
    if (ended !== tasks) throw new Error(`${ended} tasks ended of ${tasks}`);
  } finally {
    await broker.close();
  }
  return { enqueued, finished };
}

const GOAL: Goal = { text: "at least 60 % of it", against: LIMIT, ratio: 0.6 };

function worker(name: string, pool: "threads" | "async", concurrency: number): Contender {
  return {
    name,
    measure: (at) => runTasks(at, { data: {}, concurrency, tasks: 40_000 }, pool, theirRedis(at)),
  };
}

export const ceilingScenarios: Scenario[] = [
  {
    name: "ceiling-enqueue",
    title: "Tasks enqueued, 1,000 a call, beside what Redis itself allows",
    plot: "ceiling",
    metrics: [{ name: "enqueued", unit: "tasks/s", better: "more" }],
    contenders: [
      {
        name: "taskapp",
        async measure({ redis: { url, port }, quick }) {
          const load = { batch: BATCH, tasks: quick ? 40_000 : 150_000, warmup: 40_000 };
          const { rate } = await runEnqueue({ ...load, url, port });
          return { enqueued: rate ?? NaN };
        },
      },
      { name: LIMIT, measure: async (at) => ({ enqueued: (await limits(at)).enqueued }) },
    ],
    goals: [GOAL],
  },
  {
    name: "ceiling-run",
    title: `No-op tasks claimed and settled, beside what Redis itself allows, ${STEP} a call`,
    plot: "ceiling",
    metrics: [{ name: "finished", unit: "tasks/s", better: "more" }],
    contenders: [
      worker("taskapp", "async", 50),
      worker("taskapp, threads", "threads", 4),
      { name: LIMIT, measure: async (at) => ({ finished: (await limits(at)).finished }) },
    ],
    goals: [GOAL],
  },
];
