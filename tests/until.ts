import { setTimeout as sleep } from "node:timers/promises";
import { BrokerUnavailableError } from "../jobs/broker.ts";

/**
 * Waits until a condition holds; a broker that does not answer in time is asked again.
 * @param timeoutMs when to give up; on a slow machine that has much else to do all takes long
 */
export async function until(
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  let cause: unknown;
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    try {
      if (await holds()) return;
      cause = undefined;
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      cause = error;
    }
    await sleep(20);
  }
  throw new Error(`still not true after ${timeoutMs} ms: ${holds}`, { cause });
}
