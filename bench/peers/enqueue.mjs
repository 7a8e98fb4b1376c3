/** How enqueueing is measured, for all that run JavaScript. */

/**
 * @param {{ tasks: number, warmup: number, batch?: number, inFlight?: number }} request
 *   either so many a call, or one a call with so many calls at a time
 * @param {(count: number) => Promise<unknown>} enqueue enqueues so many in one call
 * @returns {Promise<number>} tasks a second
 */
export async function enqueueRate({ tasks, warmup, batch = 1, inFlight = 1 }, enqueue) {
  await calls(warmup / batch, inFlight, () => enqueue(batch));
  const started = performance.now();
  await calls(tasks / batch, inFlight, () => enqueue(batch));
  return tasks / (performance.now() - started) * 1000;
}

/**
 * @param {number} count
 * @param {number} inFlight
 * @param {() => Promise<unknown>} call
 */
async function calls(count, inFlight, call) {
  let left = count;
  const next = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: inFlight }, next));
}
