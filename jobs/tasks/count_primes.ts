import { setImmediate as turn } from "node:timers/promises";
import * as z from "zod";
import { defineTask } from "../task.ts";

/** Odd numbers per segment of the sieve: one byte each, so that a segment fits the CPU's cache. */
const SEGMENT = 1 << 18;

export const countPrimes = defineTask({
  name: "count_primes",
  description: "Counts the primes up to a limit: nothing but CPU work",
  input: z.tuple([
    z.int().min(0).max(100_000_000_000).default(1_000_000_000).meta({
      title: "Limit",
      description: "Primes up to and including this number",
    }),
  ]),
  async run([limit], ctx) {
    const primes = oddPrimes(Math.floor(Math.sqrt(limit)));
    let count = limit >= 2 ? 1 : 0;
    for (let from = 3; from <= limit; from += 2 * SEGMENT) {
      count += countOddPrimes(from, Math.min(limit, from + 2 * SEGMENT - 1), primes);
      ctx.progress(100 * Math.min(1, (from + 2 * SEGMENT) / limit));
      // A signal cannot abort, nor a report leave, while this thread is busy: both need the event
      // loop to turn. Once in a segment, about a millisecond, costs nothing that one could measure.
      await turn();
      ctx.signal.throwIfAborted();
    }
    return count;
  },
});

/** The odd primes up to and including `limit`. */
function oddPrimes(limit: number): number[] {
  const composite = new Uint8Array(limit + 1);
  const primes: number[] = [];
  for (let n = 3; n <= limit; n += 2) {
    if (composite[n]) continue;
    primes.push(n);
    for (let multiple = n * n; multiple <= limit; multiple += 2 * n) composite[multiple] = 1;
  }
  return primes;
}

/**
 * Counts the primes from `from`, which is odd, up to and including `to`.
 * @param primes all odd primes up to the square root of `to`, in order
 */
function countOddPrimes(from: number, to: number, primes: number[]): number {
  const size = Math.floor((to - from) / 2) + 1;
  // Byte i stands for the number from + 2 * i.
  const composite = new Uint8Array(size);
  for (const prime of primes) {
    if (prime * prime > to) break;
    let first = Math.max(prime * prime, Math.ceil(from / prime) * prime);
    if (first % 2 === 0) first += prime;
    for (let i = (first - from) / 2; i < size; i += prime) composite[i] = 1;
  }
  let count = 0;
  for (let i = 0; i < size; i++) count += 1 - (composite[i] ?? 0);
  return count;
}
