/** What tasks with small arguments and results take of Redis's memory, with all that belongs to them. */

import { Redis } from "ioredis";
import { celeryMissing, runCelery } from "../peers/celery.ts";
import { nodeMissing, runNode } from "../peers/node.ts";
import type { Bench, Contender, Scenario } from "../scenario.ts";
import { openSite, theirRedis } from "../site.ts";
import { bench } from "../tasks.ts";
import { until } from "../../tests/until.ts";

const BATCH = 1000;

async function usedMemory(at: Bench): Promise<number> {
  const redis = new Redis(at.redis.url);
  try {
    return Number(/used_memory:(\d+)/.exec(await redis.info("memory"))?.[1]);
  } finally {
    redis.disconnect();
  }
}

/** As many for all, since tables grow in powers of two. */
function count(at: Bench): number {
  return at.quick ? 10_000 : 50_000;
}

async function taskapp(at: Bench): Promise<Record<string, number>> {
  await using site = openSite("", theirRedis(at));
  const task = await bench.prepare({});
  const tasks = count(at);
  await site.broker.ping();
  const before = await usedMemory(at);
  for (let done = 0; done < tasks; done += BATCH) {
    await site.broker.enqueue(
      Array.from({ length: BATCH }, () => ({ ...task, id: crypto.randomUUID() })),
    );
  }
  const waiting = (await usedMemory(at) - before) / tasks;
  await using _worker = site.start("work", "-P", "async", "-c", "50");
  const ended = async () => {
    const { outcomes } = await site.broker.stats();
    return outcomes.reduce((sum, { count }) => sum + count, 0);
  };
  await until(async () => await ended() >= tasks, 120_000);
  return { finished: (await usedMemory(at) - before) / tasks, waiting };
}

function node(name: string, kind: string): Contender {
  return {
    name,
    missing: nodeMissing,
    measure: (at) => runNode("stored.mjs", { port: at.redis.port, kind, tasks: count(at) }),
  };
}

export const memoryScenarios: Scenario[] = [{
  name: "memory",
  title: "Memory of Redis for each task (a byte a task is a MB a million)",
  plot: "memory",
  rounds: 1,
  metrics: [
    { name: "finished", unit: "bytes", better: "less" },
    { name: "waiting", unit: "bytes", better: "less" },
  ],
  contenders: [
    { name: "taskapp", measure: taskapp },
    node("BullMQ", "bullmq"),
    node("bee-queue", "bee"),
    {
      name: "Celery",
      missing: celeryMissing,
      async measure(at) {
        const [tasks, warmup] = [count(at) / 20, 100];
        const before = await usedMemory(at);
        await runCelery({ port: at.redis.port, data: {}, concurrency: 4, tasks, warmup });
        return { finished: (await usedMemory(at) - before) / (tasks + warmup) };
      },
    },
  ],
  goals: [{ text: "a finished task at most 600 bytes", atMost: 600 }],
}];
