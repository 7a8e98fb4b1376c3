/** When a failed run is worth another, and how long that waits. */

import { InvalidOptionError, Reject, Retry, toTaskError } from "./errors.ts";
import { checkMaxRetries, checkSeconds, MAX_SECONDS } from "./options.ts";

/** Celery's retry_backoff and retry_backoff_max, in seconds. */
const BACKOFF = 1;
const BACKOFF_MAX = 600;

type ErrorClass = abstract new (...args: never[]) => Error;

/** What a task does about its own failures. */
export interface RetryPolicy {
  /** Retries after its own failures. Without it 3. */
  maxRetries?: number;
  /** Errors worth a retry: their classes, or `true` for all. Without it a failure is final. */
  autoretryFor?: true | ErrorClass[];
  /** Errors that are final although `autoretryFor` names them, or a class above theirs. */
  dontAutoretryFor?: ErrorClass[];
  /** Seconds: the first retry waits up to this, each further one up to twice as long. */
  retryBackoff?: number;
  /** Seconds: no retry waits longer. */
  retryBackoffMax?: number;
  /** With false each retry waits exactly as long as the backoff says. Without it anything up to that. */
  retryJitter?: boolean;
  /**
   * Instead of a backoff: seconds, or a function that answers seconds, or null for a failure that is
   * final. It is asked only about what is worth a retry.
   */
  retryDelay?: number | ((retries: number, error: unknown) => number | null);
}

/** @throws {InvalidOptionError} a number is out of range, or two fields exclude each other */
export function checkRetryPolicy(policy: RetryPolicy): void {
  const { retryBackoff, retryBackoffMax, retryJitter, retryDelay } = policy;
  checkMaxRetries(policy.maxRetries);
  checkClasses("autoretry_for", policy.autoretryFor === true ? [] : policy.autoretryFor);
  checkClasses("dont_autoretry_for", policy.dontAutoretryFor);
  checkSeconds("retry_backoff", retryBackoff);
  checkSeconds("retry_backoff_max", retryBackoffMax);
  if (retryDelay === undefined) return;
  if (typeof retryDelay === "number") checkSeconds("retry_delay", retryDelay);
  if ((retryBackoff ?? retryBackoffMax ?? retryJitter) !== undefined) {
    throw new InvalidOptionError(
      "retry_delay",
      "stands instead of retry_backoff, retry_backoff_max and retry_jitter: leave these out",
    );
  }
}

/** What is no class would fail at the first failure only. */
function checkClasses(name: string, classes: unknown): void {
  if (classes === undefined) return;
  if (Array.isArray(classes) && classes.every((each) => typeof each === "function")) return;
  throw new InvalidOptionError(name, "must be a list of error classes, such as [TypeError]");
}

/**
 * Decides on a retry.
 * @param retries how many have been spent
 * @returns milliseconds to wait, or null if the failure is final
 * @throws {Error} the policy's own function fails; the message has what it was asked about
 */
export function retryDelay(
  policy: RetryPolicy,
  thrown: unknown,
  retries: number,
  maxRetries: number,
): number | null {
  if (thrown instanceof Reject || retries >= maxRetries) return null;
  if (thrown instanceof Retry) {
    const { countdown = NaN } = thrown;
    // What is no number, a header misread for example, leaves it to the policy.
    if (Number.isFinite(countdown)) return milliseconds(countdown);
  } else if (!isWorthRetrying(policy, thrown)) {
    return null;
  }
  const { retryBackoff, retryBackoffMax, retryJitter = true } = policy;
  const delay = typeof policy.retryDelay === "function"
    ? ask(policy.retryDelay, retries, thrown)
    : policy.retryDelay;
  if (delay === null) return null;
  if (delay !== undefined) return milliseconds(delay);
  return backoff(retries, retryBackoff ?? BACKOFF, retryBackoffMax ?? BACKOFF_MAX, retryJitter);
}

function isWorthRetrying(
  { autoretryFor = [], dontAutoretryFor = [] }: RetryPolicy,
  thrown: unknown,
) {
  const isOneOf = (types: ErrorClass[]) => types.some((type) => thrown instanceof type);
  return (autoretryFor === true || isOneOf(autoretryFor)) && !isOneOf(dontAutoretryFor);
}

function ask(
  policy: (retries: number, error: unknown) => number | null,
  retries: number,
  thrown: unknown,
): number | null {
  try {
    const answer: unknown = policy(retries, thrown);
    if (answer === null || (typeof answer === "number" && Number.isFinite(answer))) {
      return answer;
    }
    throw new TypeError(`it answered ${String(answer)}, not seconds or null`);
  } catch (error) {
    const [own, asked] = [toTaskError(error), toTaskError(thrown)];
    const message = `retryDelay failed with ${own.type}: ${own.message}; ` +
      `it was asked about ${asked.type}: ${asked.message}`;
    throw new Error(message, { cause: error });
  }
}

/**
 * Exponential backoff, with full jitter anything from nothing to the doubled step, so that tasks
 * which failed together do not come back together (M. Brooker, AWS Architecture Blog, 2015).
 * @param base seconds, the longest that the first retry waits
 * @param max seconds
 * @returns milliseconds
 */
function backoff(retries: number, base: number, max: number, jitter: boolean): number {
  return milliseconds((jitter ? Math.random() : 1) * Math.min(max, base * 2 ** retries));
}

function milliseconds(seconds: number): number {
  return Math.round(Math.min(Math.max(0, seconds), MAX_SECONDS) * 1000);
}
