/** What becomes of the speed when more tasks wait, and when more processes work. */

import { connectBroker } from "../../jobs/connect.ts";
import { countPrimes } from "../../jobs/tasks/count_primes.ts";
import type { Bench, Metric, Scenario } from "../scenario.ts";
import { theirRedis } from "../site.ts";
import { runTasks } from "./work.ts";

const BATCH = 1000;
/** Tasks a claim, and claims whose mean is taken. */
const CLAIMED = 10;
const CLAIMS = 200;
/** With all that belongs to it, and room for the tables to grow. */
const TASK_BYTES = 1200;

/** How long claiming takes for each task while so many wait, in us. */
async function claiming(at: Bench, depths: number[]): Promise<Record<string, number>> {
  const broker = connectBroker(at.redis.url);
  try {
    const task = await countPrimes.prepare([2]);
    const costs: Record<string, number> = {};
    let waiting = 0;
    for (const depth of depths) {
      for (; waiting < depth; waiting += BATCH) {
        await broker.enqueue(
          Array.from({ length: BATCH }, () => ({ ...task, id: crypto.randomUUID() })),
        );
      }
      let us = 0;
      for (let i = -CLAIMS / 4; i < CLAIMS; i++) {
        const started = performance.now();
        const claimed = await broker.claim("w", [task.queue], CLAIMED);
        if (i >= 0) us += (performance.now() - started) * 1000 / CLAIMED / CLAIMS;
        // Handed back, so that as many wait as before.
        const outcome = { state: "PENDING" } as const;
        await broker.settle("w", claimed.map(({ id, token }) => ({ id, token, outcome })));
      }
      costs[said(depth)] = us;
    }
    return costs;
  } finally {
    await broker.close();
  }
}

function said(depth: number): string {
  return `${depth.toLocaleString("en")} waiting`;
}

function metrics(depths: number[]): [Metric, ...Metric[]] {
  const [first, ...rest] = depths.map((depth): Metric => ({
    ...{ name: said(depth), unit: "us a task", better: "less" },
  }));
  if (!first) throw new TypeError("no depth");
  return [first, ...rest];
}

const DEPTHS = [1000, 10_000, 100_000, 1_000_000];
const MILLIONS = [1_000_000, 10_000_000];

async function memoryMissing(): Promise<string | undefined> {
  const needed = Math.max(...MILLIONS) * TASK_BYTES;
  const { available } = Deno.systemMemoryInfo();
  if (available > needed) return await Promise.resolve(undefined);
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  return `${gib(needed)} GiB of memory are needed, ${gib(available)} are free`;
}

const PROCESSES = [1, 2, 3, 4];

export const growthScenarios: Scenario[] = [
  {
    name: "growth",
    title: `Claiming, ${CLAIMED} tasks a call, while more and more wait`,
    rounds: 1,
    metrics: metrics(DEPTHS),
    contenders: [{
      name: "taskapp",
      measure: (at) => claiming(at, at.quick ? DEPTHS.slice(0, 3) : DEPTHS),
    }],
  },
  {
    name: "growth-10m",
    title: `Claiming, ${CLAIMED} tasks a call, while 10 million wait`,
    rounds: 1,
    slow: true,
    metrics: metrics(MILLIONS),
    contenders: [{
      name: "taskapp",
      missing: memoryMissing,
      measure: (at) => claiming(at, MILLIONS),
    }],
  },
  {
    name: "workers",
    title: "No-op tasks, processes of work -P async -c 50",
    rounds: 1,
    metrics: [
      { name: "1 process", unit: "tasks/s", better: "more" },
      ...PROCESSES.slice(1).map((count): Metric => ({
        ...{ name: `${count} processes`, unit: "tasks/s", better: "more" },
      })),
    ],
    contenders: [{
      name: "taskapp",
      async measure(at) {
        const rates: Record<string, number> = {};
        for (const count of PROCESSES) {
          await at.redis.flush();
          const load = { data: {}, concurrency: 50, tasks: 60_000 };
          const { finished } = await runTasks(at, load, "async", theirRedis(at), count);
          rates[count === 1 ? "1 process" : `${count} processes`] = finished ?? NaN;
        }
        return rates;
      },
    }],
  },
];
