/** What tasks do, the same code for all that run JavaScript. */

import { setTimeout as sleep } from "node:timers/promises";

/**
 * @param {{
 *   sleepMs?: number | undefined,
 *   primes?: number | undefined,
 *   clock?: boolean | undefined,
 *   text?: string | undefined,
 * }} data
 * @returns {number | Promise<number>} what is stored as the result
 */
export function work({ sleepMs, primes, clock, text }) {
  if (clock) return wallClock();
  if (sleepMs !== undefined) return sleep(sleepMs, sleepMs);
  if (primes !== undefined) return countPrimes(primes);
  return text?.length ?? 0;
}

/** Unix time in ms, with its fractions: the same for all processes of a machine. */
export function wallClock() {
  return performance.timeOrigin + performance.now();
}

/** @param {number} limit */
function countPrimes(limit) {
  const composite = new Uint8Array(limit + 1);
  let count = 0;
  for (let n = 2; n <= limit; n++) {
    if (composite[n]) continue;
    count++;
    for (let multiple = n * n; multiple <= limit; multiple += n) composite[multiple] = 1;
  }
  return count;
}
