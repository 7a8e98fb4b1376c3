import { setTimeout as sleep } from "node:timers/promises";

/** Waits until a condition holds. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 10_000,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error(`still not true after ${timeoutMs} ms: ${holds}`);
}
