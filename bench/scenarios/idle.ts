/** What processes need that have nothing to do. */

import { setTimeout as sleep } from "node:timers/promises";
import { celeryMissing, startCeleryWorker } from "../peers/celery.ts";
import { cpuPercent, familyKib, resourcesMissing } from "../resources.ts";
import type { Bench, Metric, Scenario } from "../scenario.ts";
import { startServe } from "../serving.ts";
import { openSite, theirRedis, workers } from "../site.ts";

/** Until what a start has left is gone. */
const SETTLE_MS = 8000;
/** Long enough for all that a process does now and then. */
const LOOK_MS = 20_000;
const THREADS = 4;

const CPU: Metric = { name: "processor", unit: "% of a core", better: "less" };
const MEMORY: Metric = { name: "memory", unit: "MiB", better: "less" };
const THREAD: Metric = { name: "each further thread", unit: "MiB", better: "less" };

async function look(at: Bench, pid: number): Promise<{ processor: number; memory: number }> {
  await sleep(SETTLE_MS);
  const processor = await cpuPercent(pid, at.quick ? LOOK_MS / 4 : LOOK_MS);
  return { processor, memory: await familyKib(pid) / 1024 };
}

async function worker(at: Bench): Promise<Record<string, number>> {
  await using site = openSite("", theirRedis(at));
  let values: Record<string, number>;
  {
    await using one = site.start("work", "-c", `${THREADS}`);
    await workers(site, 1);
    values = await look(at, one.pid);
  }
  await at.redis.flush(); // it was killed, and could not sign off
  await using more = site.start("work", "-c", `${2 * THREADS}`);
  await workers(site, 1);
  await sleep(SETTLE_MS);
  const thread = (await familyKib(more.pid) / 1024 - (values["memory"] ?? NaN)) / THREADS;
  return { ...values, [THREAD.name]: thread };
}

export const idleScenarios: Scenario[] = [
  {
    name: "idle-work",
    title: `An idle worker for ${THREADS} tasks at a time`,
    rounds: 1,
    metrics: [CPU, MEMORY, THREAD],
    contenders: [
      { name: "taskapp", missing: resourcesMissing, measure: worker },
      {
        name: "Celery",
        missing: async () => await resourcesMissing() ?? await celeryMissing(),
        async measure(at) {
          await using program = await startCeleryWorker(at.redis.port, THREADS);
          return { ...await look(at, program.pid) };
        },
      },
    ],
    goals: [
      { text: "at most 0.5 % of a core", metric: CPU.name, atMost: 0.5 },
      { text: "at most 150 MiB", metric: MEMORY.name, atMost: 150 },
    ],
  },
  {
    name: "idle-serve",
    title: "An idle server",
    rounds: 1,
    metrics: [CPU, MEMORY],
    contenders: [{
      name: "taskapp",
      missing: resourcesMissing,
      async measure(at) {
        await using server = await startServe(at.redis.url);
        return { ...await look(at, server.pid) };
      },
    }],
  },
];
