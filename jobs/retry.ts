/** When a failed run is worth another, and how long that waits. */

import { Reject, Retry } from "./errors.ts";
import { MAX_SECONDS, type TaskHandle } from "./task.ts";

/** Celery's retry_backoff and retry_backoff_max, in seconds. */
const BACKOFF = 1;
const BACKOFF_MAX = 600;

/**
 * Decides on a retry.
 * @param retries how many have been spent
 * @returns milliseconds to wait, or null if the failure is final
 */
export function retryDelay(
  { definition }: TaskHandle,
  thrown: unknown,
  retries: number,
  maxRetries: number,
): number | null {
  if (thrown instanceof Reject || retries >= maxRetries) return null;
  if (thrown instanceof Retry) {
    const { countdown = NaN } = thrown;
    // What is no number, a header misread for example, leaves it to the backoff.
    if (Number.isFinite(countdown)) return milliseconds(countdown);
  } else {
    const { autoretryFor = [] } = definition;
    const wanted = autoretryFor === true || autoretryFor.some((type) => thrown instanceof type);
    if (!wanted) return null;
  }
  const { retryBackoff = BACKOFF, retryBackoffMax = BACKOFF_MAX } = definition;
  return backoff(retries, retryBackoff, retryBackoffMax);
}

/**
 * Exponential backoff with full jitter: anything from nothing to the doubled step, so that tasks
 * which failed together do not come back together (M. Brooker, AWS Architecture Blog, 2015).
 * @param base seconds, the longest that the first retry waits
 * @param max seconds
 * @returns milliseconds
 */
export function backoff(retries: number, base: number, max: number): number {
  return milliseconds(Math.random() * Math.min(max, base * 2 ** retries));
}

function milliseconds(seconds: number): number {
  return Math.round(Math.min(Math.max(0, seconds), MAX_SECONDS) * 1000);
}
