/** bee-queue with its defaults, by which every job is kept and announced. */

import { createRequire } from "node:module";
import process from "node:process";
import { enqueueRate } from "./enqueue.mjs";
import { runRate } from "./run.mjs";
import { work } from "./work.mjs";

const require = createRequire(process.env.BENCH_PACKAGES);
const Queue = require("bee-queue");

const request = JSON.parse(process.argv[2]);
const { port, data, concurrency } = request;
const redis = { host: "127.0.0.1", port };

/** It cannot be paused, so that warming up has a queue of its own. */
const names = concurrency ? ["warmup", "bench"] : ["bench"];
const queues = names.map((name) => new Queue(name, { redis, isWorker: concurrency > 0 }));
await Promise.all(queues.map((queue) => queue.ready()));
let [current] = queues;

async function enqueue(count) {
  if (count === 1) return await current.createJob(data).save();
  const jobs = Array.from({ length: count }, () => current.createJob(data));
  const errors = await current.saveAll(jobs);
  if (errors.size > 0) throw [...errors.values()][0];
}

async function finished() {
  const health = await Promise.all(queues.map((queue) => queue.checkHealth()));
  return health.reduce((sum, { succeeded }) => sum + succeeded, 0);
}

function resume() {
  current.process(concurrency, async (job) => await work(job.data));
}

const pause = () => {
  current = queues[1];
};

let rate;
if (concurrency) {
  resume();
  rate = await runRate(request, { enqueue, finished, pause, resume });
} else {
  rate = await enqueueRate(request, enqueue);
}
console.log(JSON.stringify({ rate }));
process.exit();
