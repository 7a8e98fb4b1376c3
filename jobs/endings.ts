/** How a worker ends runs that did not end by themselves. */

import type { Claimed, Outcome } from "./broker.ts";

function failure(type: string, message: string): Outcome {
  return { state: "FAILURE", error: { type, message, stack: null } };
}

/** @param seconds the hard limit */
export function overTime(seconds: number): Outcome {
  return failure("TimeLimitExceeded", `ran longer than its time limit of ${seconds} s`);
}

/** For a run that is unfinished when its worker stops: another worker begins anew, if it may. */
export function unfinished(job: Claimed): Outcome {
  if (!runsOnce(job)) return { state: "PENDING" };
  const message = "its worker was stopped while it ran, and it may not run twice";
  return failure("WorkerLostError", message);
}

/** Whether a task that has begun may not begin again. */
export function runsOnce(job: Claimed): boolean {
  return job.onLost === "fail";
}
