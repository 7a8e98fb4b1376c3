/** bee-queue, with its defaults, which store and announce every job. */

import { createRequire } from "node:module";
import process from "node:process";
import { enqueueRate } from "./enqueue.mjs";

const require = createRequire(process.env.BENCH_PACKAGES);
const Queue = require("bee-queue");

const request = JSON.parse(process.argv[2]);
const { port, data } = request;
const queue = new Queue("bench", { redis: { host: "127.0.0.1", port }, isWorker: false });

async function enqueue(count) {
  if (count === 1) return await queue.createJob(data).save();
  const errors = await queue.saveAll(Array.from({ length: count }, () => queue.createJob(data)));
  if (errors.size > 0) throw [...errors.values()][0];
}

const rate = await enqueueRate(request, enqueue);
console.log(JSON.stringify({ rate }));
await queue.close();
