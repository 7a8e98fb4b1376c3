/** What a worker logs of its tasks. */

import { getLogger } from "@logtape/logtape";
import type { Claimed, Outcome } from "./broker.ts";

const log = getLogger(["taskapp", "worker"]);

export function logStart({ name, id, attempt }: Claimed): void {
  log.info("Task {name}[{id}] started", { name, id, attempt });
}

/** @param ms how long it ran */
export function logEnd({ name, id }: Claimed, outcome: Outcome, ms: number): void {
  const took = { name, id, seconds: Math.round(ms) / 1000 };
  if (outcome.state === "SUCCESS") {
    log.info("Task {name}[{id}] succeeded in {seconds} s", took);
  } else if (outcome.state === "FAILURE" || outcome.state === "RETRY") {
    const { type, message } = outcome.error;
    const error = `${type}: ${message}`;
    if (outcome.state === "FAILURE") {
      log.error("Task {name}[{id}] failed in {seconds} s: {error}", { ...took, error });
    } else {
      const delay = outcome.delayMs / 1000;
      log.warn("Task {name}[{id}] retries in {delay} s: {error}", { ...took, error, delay });
    }
  }
}
