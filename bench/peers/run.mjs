/** How running tasks is measured, for all that run JavaScript. */

import { setTimeout as sleep } from "node:timers/promises";

const BATCH = 1000;
/** How often it is looked whether all are finished. */
const LOOK_MS = 10;

/**
 * From the moment that a worker, which is up and warm, may start until the last result is stored.
 * @param {{ tasks: number, warmup: number }} request
 * @param {object} queue
 * @param {(count: number) => Promise<unknown>} queue.enqueue
 * @param {() => Promise<number>} queue.finished how many tasks have ended so far, by what is stored
 * @param {() => Promise<unknown> | void} queue.pause
 * @param {() => Promise<unknown> | void} queue.resume
 * @returns {Promise<number>} tasks a second
 */
export async function runRate({ tasks, warmup }, { enqueue, finished, pause, resume }) {
  await enqueueAll(warmup, enqueue);
  await until(finished, warmup);
  await pause();
  await enqueueAll(tasks, enqueue);
  const started = performance.now();
  await resume();
  await until(finished, warmup + tasks);
  return tasks / (performance.now() - started) * 1000;
}

/**
 * @param {number} count
 * @param {(count: number) => Promise<unknown>} enqueue
 */
async function enqueueAll(count, enqueue) {
  for (let left = count; left > 0; left -= BATCH) await enqueue(Math.min(left, BATCH));
}

/**
 * @param {() => Promise<number>} finished
 * @param {number} count
 */
async function until(finished, count) {
  while (await finished() < count) await sleep(LOOK_MS);
}
