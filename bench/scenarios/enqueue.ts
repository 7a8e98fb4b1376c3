/** How fast tasks are accepted: in bulk, one after the other, and many calls at a time. */

import { fileURLToPath } from "node:url";
import { output } from "../command.ts";
import { nodeMissing, runNode } from "../peers/node.ts";
import type { Bench, Contender, Metric, Scenario } from "../scenario.ts";

const METRIC: Metric = { name: "enqueued", unit: "tasks/s", better: "more" };
const TASKAPP = fileURLToPath(new URL("../peers/taskapp.ts", import.meta.url));

/** How it is done: so many a call, or so many calls at a time. */
interface Way {
  batch?: number;
  inFlight?: number;
}

/** How many tasks each enqueues: those that are slower fewer, since rates are compared. */
interface Counts {
  taskapp: number;
  bullmq: number;
  bee: number;
}

function request(at: Bench, way: Way, tasks: number) {
  const { url, port } = at.redis;
  const count = at.quick ? tasks / 4 : tasks;
  return { ...way, url, port, data: {}, tasks: count, warmup: count / 4 };
}

function contenders(way: Way, counts: Counts): Contender[] {
  const node = (name: string, script: string, tasks: number): Contender => ({
    name,
    missing: nodeMissing,
    async measure(at) {
      const { rate } = await runNode(script, request(at, way, tasks));
      return { enqueued: rate ?? NaN };
    },
  });
  return [
    {
      name: "taskapp",
      async measure(at) {
        const asked = JSON.stringify(request(at, way, counts.taskapp));
        const { rate } = JSON.parse(
          await output(Deno.execPath(), ["run", "--allow-all", TASKAPP, asked]),
        );
        return { enqueued: rate };
      },
    },
    node("BullMQ", "bullmq.mjs", counts.bullmq),
    node("bee-queue", "bee_queue.mjs", counts.bee),
  ];
}

export const enqueueScenarios: Scenario[] = [
  {
    name: "enqueue-bulk",
    title: "Tasks enqueued in bulk, 1,000 a call",
    plot: "enqueue",
    metrics: [METRIC],
    contenders: contenders({ batch: 1000 }, { taskapp: 200_000, bullmq: 32_000, bee: 100_000 }),
    goals: [
      { text: "at least 8 times BullMQ (addBulk)", against: "BullMQ", ratio: 8 },
      { text: "at least 2 times bee-queue (saveAll)", against: "bee-queue", ratio: 2 },
    ],
  },
];
