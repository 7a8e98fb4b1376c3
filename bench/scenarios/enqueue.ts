/** How fast tasks are accepted: in bulk, one after the other, and many calls at a time. */

import { fileURLToPath } from "node:url";
import { output } from "../command.ts";
import { celeryMissing, runCelery } from "../peers/celery.ts";
import { nodeMissing, runNode } from "../peers/node.ts";
import { startSqlite } from "../../tests/stores.ts";
import type { Bench, Contender, Metric, Scenario } from "../scenario.ts";

const METRIC: Metric = { name: "enqueued", unit: "tasks/s", better: "more" };
const TASKAPP = fileURLToPath(new URL("../peers/taskapp.ts", import.meta.url));

/** So many a call, or so many calls at a time. */
interface Way {
  batch?: number;
  inFlight?: number;
}

/** How many tasks each enqueues; one that is not named does not take part. */
interface Counts {
  taskapp: number;
  sqlite?: number;
  bullmq: number;
  bee: number;
  celery?: number;
}

type Ask = (request: Record<string, unknown>) => Promise<Record<string, number>>;

export async function runEnqueue(
  request: Record<string, unknown>,
): Promise<Record<string, number>> {
  const args = ["run", "--allow-all", TASKAPP, JSON.stringify(request)];
  return JSON.parse(await output(Deno.execPath(), args));
}

async function runSqlite(request: Record<string, unknown>): Promise<Record<string, number>> {
  await using store = await startSqlite();
  return await runEnqueue({ ...request, url: store.url });
}

function contenders(way: Way, counts: Counts): Contender[] {
  const contender = (name: string, tasks: number, ask: Ask): Contender => ({
    name,
    async measure({ redis: { url, port }, quick }: Bench) {
      const load = { tasks: quick ? tasks / 4 : tasks, warmup: tasks / 4 };
      const { rate } = await ask({ ...way, ...load, url, port, data: {} });
      return { enqueued: rate ?? NaN };
    },
  });
  const node = (name: string, tasks: number, script: string) => ({
    ...contender(name, tasks, (request) => runNode(script, request)),
    missing: nodeMissing,
  });
  const all = [contender("taskapp", counts.taskapp, runEnqueue)];
  if (counts.sqlite) all.push(contender("taskapp, SQLite", counts.sqlite, runSqlite));
  all.push(
    node("BullMQ", counts.bullmq, "bullmq.mjs"),
    node("bee-queue", counts.bee, "bee_queue.mjs"),
  );
  if (counts.celery) {
    all.push({ ...contender("Celery", counts.celery, runCelery), missing: celeryMissing });
  }
  return all;
}

export const enqueueScenarios: Scenario[] = [
  {
    name: "enqueue-bulk",
    title: "Tasks enqueued in bulk, 1,000 a call",
    plot: "enqueue",
    metrics: [METRIC],
    contenders: contenders({ batch: 1000 }, {
      taskapp: 200_000,
      sqlite: 160_000,
      bullmq: 32_000,
      bee: 100_000,
    }),
    goals: [
      { text: "at least 8 times BullMQ (addBulk)", against: "BullMQ", ratio: 8 },
      { text: "at least 2 times bee-queue (saveAll)", against: "bee-queue", ratio: 2 },
    ],
  },
  {
    name: "enqueue-one",
    title: "Tasks enqueued one after the other",
    plot: "enqueue",
    metrics: [METRIC],
    contenders: contenders({}, { taskapp: 12_000, bullmq: 8_000, bee: 12_000, celery: 1_600 }),
    goals: [{ text: "at least 2 times BullMQ", against: "BullMQ", ratio: 2 }],
  },
  {
    name: "enqueue-50",
    title: "Tasks enqueued one a call, 50 calls at a time",
    plot: "enqueue",
    metrics: [METRIC],
    contenders: contenders({ inFlight: 50 }, { taskapp: 60_000, bullmq: 20_000, bee: 40_000 }),
  },
];
