/** The longest time that a timer can wait; a longer one would run out at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** What waits so long or longer, again and again, does so in step. */
const STEP_MS = 500;
/** Timers may run out a little before their time. */
const TOLERANCE_MS = 5;

/**
 * For something periodic that need not be exact: the wait, or a shorter one that ends with those of
 * others, since waking up costs more than most of what is done then.
 */
export function inStep(waitMs: number): number {
  if (waitMs < STEP_MS || waitMs > MAX_TIMER_MS) return waitMs;
  const now = performance.now();
  return Math.ceil(Math.floor((now + waitMs + TOLERANCE_MS) / STEP_MS) * STEP_MS - now);
}
