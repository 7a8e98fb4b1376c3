/** How fast tasks of several kinds are run, from a full queue to the last stored result. */

import { celeryMissing, runCelery } from "../peers/celery.ts";
import { nodeMissing, runNode } from "../peers/node.ts";
import { runRate } from "../peers/run.mjs";
import { startSqlite, type TestStore } from "../../tests/stores.ts";
import type { Bench, Contender, Metric, Scenario } from "../scenario.ts";
import { openSite, type Site, theirRedis, workers } from "../site.ts";
import { bench } from "../tasks.ts";

const METRIC: Metric = { name: "finished", unit: "tasks/s", better: "more" };

/** What one task does; see peers/work.mjs. */
interface Data {
  sleepMs?: number;
  primes?: number;
  text?: string;
}

type Pool = "threads" | "async";

/** How many tasks are done by how many at a time. */
interface Load {
  data: Data;
  concurrency: number;
  tasks: number;
}

function request(at: Bench, { data, concurrency, tasks }: Load) {
  const load = { tasks: at.quick ? tasks / 4 : tasks, warmup: tasks / 4 };
  return { port: at.redis.port, data, concurrency, ...load };
}

async function finished({ broker }: Site): Promise<number> {
  const { outcomes } = await broker.stats();
  const failed = outcomes.find(({ outcome }) => outcome !== "SUCCESS");
  if (failed) throw new Error(`${failed.count} tasks ended as ${failed.outcome}`);
  return outcomes.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Runs tasks with the program.
 * @param processes how many workers, each with the load's concurrency
 */
export async function runTasks(
  at: Bench,
  load: Load,
  pool: Pool,
  store: TestStore,
  processes = 1,
): Promise<Record<string, number>> {
  await using site = openSite("", store);
  await using programs = new AsyncDisposableStack();
  for (let i = 0; i < processes; i++) {
    programs.use(site.start("work", "-P", pool, "-c", `${load.concurrency}`));
  }
  await workers(site, processes);
  const task = await bench.prepare(load.data);
  const rate = await runRate(request(at, load), {
    enqueue: (count: number) =>
      site.broker.enqueue(
        Array.from({ length: count }, () => ({ ...task, id: crypto.randomUUID() })),
      ),
    finished: () => finished(site),
    pause: () => site.broker.pause("default"),
    resume: () => site.broker.resume("default"),
  });
  return { finished: rate };
}

function taskapp(name: string, pool: Pool, load: Load, sqlite = false): Contender {
  return {
    name,
    measure: async (at) =>
      await runTasks(at, load, pool, sqlite ? await startSqlite() : theirRedis(at)),
  };
}

function node(name: string, script: string, load: Load, sandboxed = false): Contender {
  return {
    name,
    missing: nodeMissing,
    async measure(at) {
      const { rate } = await runNode(script, { ...request(at, load), sandboxed });
      return { finished: rate ?? NaN };
    },
  };
}

function celery(load: Load): Contender {
  return {
    name: "Celery",
    missing: celeryMissing,
    async measure(at) {
      const { rate } = await runCelery(request(at, load));
      return { finished: rate ?? NaN };
    },
  };
}

/** The contenders by how many tasks each does; one that is not named does not take part. */
interface Counts {
  threads?: number;
  async?: number;
  sqlite?: number;
  bullmq: number;
  sandboxed?: number;
  bee: number;
  celery?: number;
}

function contenders(data: Data, concurrency: number, counts: Counts): Contender[] {
  const load = (tasks: number): Load => ({ data, concurrency, tasks });
  const { threads, async, sqlite, bullmq, sandboxed, bee } = counts;
  const all: Contender[] = [];
  if (threads) all.push(taskapp("taskapp", "threads", load(threads)));
  if (async) all.push(taskapp(threads ? "taskapp, async" : "taskapp", "async", load(async)));
  if (sqlite) all.push(taskapp("taskapp, SQLite", "threads", load(sqlite), true));
  all.push(node("BullMQ", "bullmq.mjs", load(bullmq)));
  if (sandboxed) {
    all.push(node("BullMQ, sandboxed threads", "bullmq.mjs", load(sandboxed), true));
  }
  all.push(node("bee-queue", "bee_queue.mjs", load(bee)));
  if (counts.celery) all.push(celery(load(counts.celery)));
  return all;
}

export const workScenarios: Scenario[] = [
  {
    name: "noop-1",
    title: "No-op tasks, one at a time",
    plot: "noop",
    metrics: [METRIC],
    contenders: contenders({}, 1, {
      threads: 8_000,
      bullmq: 4_000,
      sandboxed: 2_400,
      bee: 4_000,
      celery: 800,
    }),
  },
  {
    name: "noop-4",
    title: "No-op tasks, 4 at a time",
    plot: "noop",
    metrics: [METRIC],
    contenders: contenders({}, 4, {
      threads: 40_000,
      async: 40_000,
      sqlite: 15_000,
      bullmq: 12_000,
      sandboxed: 8_000,
      bee: 12_000,
      celery: 1_200,
    }),
    goals: [
      { text: "at least 5 times BullMQ", against: "BullMQ", ratio: 5 },
      {
        text: "at least 10 times BullMQ with sandboxed threads",
        against: "BullMQ, sandboxed threads",
        ratio: 10,
      },
      { text: "at least 40 times Celery", against: "Celery", ratio: 40 },
    ],
  },
  {
    name: "noop-50",
    title: "No-op tasks, 50 at a time (taskapp: -P async)",
    plot: "noop",
    metrics: [METRIC],
    contenders: contenders({}, 50, { async: 60_000, bullmq: 20_000, bee: 25_000 }),
    goals: [{ text: "at least 4 times BullMQ", against: "BullMQ", ratio: 4 }],
  },
  {
    name: "sleep-1",
    title: "Tasks that wait 1 ms, 4 at a time",
    plot: "tasks",
    metrics: [METRIC],
    contenders: contenders({ sleepMs: 1 }, 4, {
      threads: 6_000,
      bullmq: 4_000,
      sandboxed: 3_000,
      bee: 4_000,
      celery: 800,
    }),
  },
  {
    name: "sleep-100",
    title: "Tasks that wait 100 ms, 50 at a time (taskapp: -P async)",
    plot: "tasks",
    metrics: [METRIC],
    contenders: contenders({ sleepMs: 100 }, 50, { async: 1_000, bullmq: 1_000, bee: 1_000 }),
  },
  {
    name: "payload",
    title: "No-op tasks with 10 KB of arguments, 4 at a time",
    plot: "tasks",
    metrics: [METRIC],
    contenders: contenders({ text: "x".repeat(10_000) }, 4, {
      threads: 16_000,
      bullmq: 8_000,
      sandboxed: 4_000,
      bee: 8_000,
      celery: 800,
    }),
  },
  {
    name: "cpu-1",
    title: "Tasks of about 1 ms of CPU time, 4 at a time",
    plot: "tasks",
    metrics: [METRIC],
    contenders: contenders({ primes: 170_000 }, 4, {
      threads: 3_000,
      bullmq: 1_500,
      sandboxed: 2_000,
      bee: 1_500,
    }),
  },
  {
    name: "cpu-10",
    title: "Tasks of about 10 ms of CPU time, 4 at a time",
    plot: "tasks",
    metrics: [METRIC],
    contenders: contenders({ primes: 1_400_000 }, 4, {
      threads: 300,
      bullmq: 160,
      sandboxed: 240,
      bee: 160,
    }),
  },
];
