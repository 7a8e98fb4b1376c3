/** What BullMQ and bee-queue keep in Redis: of tasks that wait, and of those that have ended. */

import { createRequire } from "node:module";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(process.env.BENCH_PACKAGES);
const { Queue, Worker } = require("bullmq");
const BeeQueue = require("bee-queue");
const { Redis } = require("ioredis");

const BATCH = 1000;
const CONCURRENCY = 50;

const { port, kind, tasks } = JSON.parse(process.argv[2]);
const connection = { host: "127.0.0.1", port };
const redis = new Redis(connection);

const KINDS = {
  bullmq() {
    const queue = new Queue("bench", { connection });
    return {
      enqueue: (count) =>
        queue.addBulk(Array.from({ length: count }, () => ({ name: "task", data: {} }))),
      work: () => new Worker("bench", () => 0, { connection, concurrency: CONCURRENCY }),
      finished: () => queue.getCompletedCount(),
    };
  },
  bee() {
    const queue = new BeeQueue("bench", { redis: connection });
    return {
      enqueue: (count) => queue.saveAll(Array.from({ length: count }, () => queue.createJob({}))),
      work: () => queue.process(CONCURRENCY, () => Promise.resolve(0)),
      finished: async () => (await queue.checkHealth()).succeeded,
    };
  },
};

async function used() {
  return Number(/used_memory:(\d+)/.exec(await redis.info("memory"))[1]);
}

const { enqueue, work, finished } = KINDS[kind]();
await finished(); // it is connected
const before = await used();
for (let left = tasks; left > 0; left -= BATCH) await enqueue(Math.min(left, BATCH));
const waiting = (await used() - before) / tasks;
work();
while (await finished() < tasks) await sleep(50);
const ended = (await used() - before) / tasks;
console.log(JSON.stringify({ waiting, finished: ended }));
process.exit();
