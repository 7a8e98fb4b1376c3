/** BullMQ as its guide sets it up, with ioredis as its client and defaults throughout. */

import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { enqueueRate } from "./enqueue.mjs";
import { runRate } from "./run.mjs";
import { work } from "./work.mjs";

const require = createRequire(process.env.BENCH_PACKAGES);
const { Queue, Worker } = require("bullmq");

const request = JSON.parse(process.argv[2]);
const { port, data, concurrency, sandboxed } = request;
const connection = { host: "127.0.0.1", port };
const queue = new Queue("bench", { connection });

async function enqueue(count) {
  if (count === 1) return await queue.add("task", data);
  await queue.addBulk(Array.from({ length: count }, () => ({ name: "task", data })));
}

async function run() {
  const processor = sandboxed
    ? fileURLToPath(new URL("bullmq_processor.mjs", import.meta.url))
    : (job) => work(job.data);
  const useWorkerThreads = sandboxed === true;
  const worker = new Worker("bench", processor, { connection, concurrency, useWorkerThreads });
  await worker.waitUntilReady();
  const rate = await runRate(request, {
    enqueue,
    finished: () => queue.getCompletedCount(),
    pause: () => worker.pause(),
    resume: () => worker.resume(),
  });
  await worker.close();
  return rate;
}

const rate = concurrency ? await run() : await enqueueRate(request, enqueue);
await queue.close();
console.log(JSON.stringify({ rate }));
process.exit();
