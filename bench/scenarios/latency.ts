/** How soon a task starts: from the call that enqueues it to the first line of its code. */

import { fileURLToPath } from "node:url";
import { output } from "../command.ts";
import { nodeMissing, runNode } from "../peers/node.ts";
import type { Bench, Contender, Goal, Metric, Scenario } from "../scenario.ts";
import { openSite, theirRedis, workers } from "../site.ts";

const CLIENT = fileURLToPath(new URL("../peers/taskapp_latency.ts", import.meta.url));
const CONCURRENCY = 4;

interface Measured {
  waits: number[];
  roundTrips: number[];
  load: number;
}

const METRICS: [Metric, ...Metric[]] = [
  { name: "p50", unit: "ms", better: "less" },
  { name: "p99", unit: "ms", better: "less" },
  { name: "p99.9", unit: "ms", better: "less" },
  { name: "p50 of a Redis round trip", unit: "ms", better: "less" },
  { name: "p50 above the round trip", unit: "ms", better: "less" },
  { name: "p99 above the round trip", unit: "ms", better: "less" },
];

/** What the workers had to do besides. */
const LOAD: Metric = { name: "load", unit: "tasks/s", better: "more" };

function metrics({ waits, roundTrips, load }: Measured): Record<string, number> {
  const [wait, trip] = [quantiles(waits), quantiles(roundTrips)];
  return {
    "p50": wait(0.5),
    "p99": wait(0.99),
    "p99.9": wait(0.999),
    "p50 of a Redis round trip": trip(0.5),
    "p50 above the round trip": wait(0.5) - trip(0.5),
    "p99 above the round trip": wait(0.99) - trip(0.5),
    load,
  };
}

function quantiles(values: number[]): (part: number) => number {
  const sorted = values.toSorted((a, b) => a - b);
  return (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

function request(at: Bench, capacity: number) {
  const { port, url } = at.redis;
  const samples = at.quick ? 300 : 1000;
  return { port, url, concurrency: CONCURRENCY, samples, warmup: 200, capacity };
}

async function taskapp(at: Bench, capacity: number): Promise<Record<string, number>> {
  await using site = openSite("", theirRedis(at));
  await using _worker = site.start("work", "-c", `${CONCURRENCY}`);
  await workers(site, 1);
  const asked = JSON.stringify(request(at, capacity));
  return metrics(
    JSON.parse(await output(Deno.execPath(), ["run", "--allow-all", CLIENT, asked])),
  );
}

/** @param capacity how many tasks of each tell how fast it is, for half of that to be the load */
function contenders(capacity: { taskapp: number; bullmq: number }): Contender[] {
  return [
    {
      name: "taskapp",
      measure: (at) => taskapp(at, capacity.taskapp),
    },
    {
      name: "BullMQ",
      missing: nodeMissing,
      async measure(at) {
        const asked = request(at, capacity.bullmq);
        return metrics(await runNode<Measured>("bullmq_latency.mjs", { ...asked }));
      },
    },
  ];
}

const GOALS: Goal[] = [
  {
    text: "p50 at most 1 ms above a Redis round trip",
    metric: "p50 above the round trip",
    atMost: 1,
  },
  {
    text: "p99 at most 5 ms above a Redis round trip",
    metric: "p99 above the round trip",
    atMost: 5,
  },
];

export const latencyScenarios: Scenario[] = [
  {
    name: "latency-idle",
    title: "From enqueue to the start of the task's code, nothing else to do, 4 at a time",
    plot: "latency",
    metrics: METRICS,
    contenders: contenders({ taskapp: 0, bullmq: 0 }),
    goals: GOALS,
  },
  {
    name: "latency-load",
    title: "From enqueue to the start of the task's code, each at half of its own load",
    plot: "latency",
    metrics: [...METRICS, LOAD],
    contenders: contenders({ taskapp: 10_000, bullmq: 8_000 }),
  },
];
