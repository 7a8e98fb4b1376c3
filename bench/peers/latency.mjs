/** How latency is measured, for all that run JavaScript. */

import { setTimeout as sleep } from "node:timers/promises";
import { wallClock } from "./work.mjs";

const BATCH = 1000;
/** Between the tasks whose latency is measured; at random, so that no timer of a queue can keep step. */
const MEAN_PAUSE_MS = 5;
const LOAD_EVERY_MS = 2;

/**
 * Enqueues one task after the other and compares when the call was made with when the task's code began.
 * @param {{ samples: number, warmup: number, capacity?: number }} request
 *   with `capacity`, other tasks keep the workers half busy: first so many are run as fast as it goes
 * @param {object} queue
 * @param {() => Promise<string>} queue.enqueue enqueues a task that answers its clock; answers its id
 * @param {(id: string) => Promise<number | undefined>} queue.result when it began; undefined until then
 * @param {(count: number) => Promise<unknown>} queue.enqueueLoad
 * @param {() => Promise<number>} queue.finished how many tasks have ended so far, by what is stored
 * @param {() => Promise<unknown>} queue.ping one round trip to Redis, with the same client
 * @returns {Promise<{ waits: number[], roundTrips: number[], load: number }>} ms, and tasks a second
 */
export async function latencies({ samples, warmup, capacity = 0 }, queue) {
  await measure(warmup, queue);
  const load = capacity > 0 ? await half(capacity, queue) : 0;
  const stop = keepBusy(load, queue);
  if (load > 0) await sleep(500);
  const { ids, calls, roundTrips } = await measure(samples, queue);
  await stop();
  const waits = [];
  for (const [i, id] of ids.entries()) waits.push(await started(id, queue) - calls[i]);
  return { waits, roundTrips, load };
}

/** The rate that is half of what the workers can do when tasks come in bulk. */
async function half(count, { enqueueLoad, finished }) {
  const before = await finished();
  const began = performance.now();
  for (let left = count; left > 0; left -= BATCH) await enqueueLoad(Math.min(left, BATCH));
  while (await finished() < before + count) await sleep(5);
  return count / (performance.now() - began) * 1000 / 2;
}

/** Enqueues at a rate until it is told to stop. */
function keepBusy(rate, { enqueueLoad }) {
  let going = rate > 0;
  const began = performance.now();
  let enqueued = 0;
  const run = async () => {
    while (going) {
      const due = Math.floor((performance.now() - began) / 1000 * rate) - enqueued;
      enqueued += due;
      if (due > 0) await enqueueLoad(due);
      await sleep(LOAD_EVERY_MS);
    }
  };
  const running = run();
  return async () => {
    going = false;
    await running;
  };
}

async function measure(samples, { enqueue, ping }) {
  const ids = [], calls = [], roundTrips = [];
  for (let i = 0; i < samples; i++) {
    await sleep(1 + Math.random() * 2 * (MEAN_PAUSE_MS - 1));
    calls.push(wallClock());
    ids.push(await enqueue());
    if (i % 4 > 0) continue;
    await sleep(MEAN_PAUSE_MS);
    const asked = performance.now();
    await ping();
    roundTrips.push(performance.now() - asked);
  }
  return { ids, calls, roundTrips };
}

async function started(id, { result }) {
  for (let looks = 0; looks < 1000; looks++) {
    const at = await result(id);
    if (at !== undefined) return at;
    await sleep(10);
  }
  throw new Error("a task did not end");
}
