import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until a condition holds.
 * @param timeoutMs when to give up; on a slow machine that has much else to do all takes long
 */
export async function until(
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error(`still not true after ${timeoutMs} ms: ${holds}`);
}
