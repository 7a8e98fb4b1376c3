/** BullMQ's latency: one process enqueues, another one, which this one starts, works. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { latencies } from "./latency.mjs";
import { work } from "./work.mjs";

const require = createRequire(process.env.BENCH_PACKAGES);
const { Queue, Worker } = require("bullmq");
const { Redis } = require("ioredis");

const request = JSON.parse(process.argv[2]);
const { port, concurrency } = request;
const connection = { host: "127.0.0.1", port };
if (process.send) await beWorker();
else await beClient();

async function beWorker() {
  const worker = new Worker("bench", (job) => work(job.data), { connection, concurrency });
  await worker.waitUntilReady();
  process.send("ready");
  await once(process, "disconnect"); // who asked for it has ended
  process.exit();
}

async function beClient() {
  const child = fork(fileURLToPath(import.meta.url), [process.argv[2]]);
  await once(child, "message");
  const queue = new Queue("bench", { connection });
  const redis = new Redis(connection); // as BullMQ has them
  const measured = await latencies(request, {
    enqueue: async () => (await queue.add("task", { clock: true })).id,
    result: async (id) => (await queue.getJob(id))?.returnvalue ?? undefined,
    enqueueLoad: (count) =>
      queue.addBulk(Array.from({ length: count }, () => ({ name: "task", data: {} }))),
    finished: () => queue.getCompletedCount(),
    ping: () => redis.ping(),
  });
  console.log(JSON.stringify(measured));
  process.exit();
}
