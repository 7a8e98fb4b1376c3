/** BullMQ, as its guide sets it up: defaults throughout, ioredis as its client. */

import { createRequire } from "node:module";
import process from "node:process";
import { enqueueRate } from "./enqueue.mjs";

const require = createRequire(process.env.BENCH_PACKAGES);
const { Queue } = require("bullmq");

const request = JSON.parse(process.argv[2]);
const { port, data } = request;
const queue = new Queue("bench", { connection: { host: "127.0.0.1", port } });

async function enqueue(count) {
  if (count === 1) return await queue.add("task", data);
  await queue.addBulk(Array.from({ length: count }, () => ({ name: "task", data })));
}

const rate = await enqueueRate(request, enqueue);
console.log(JSON.stringify({ rate }));
await queue.close();
