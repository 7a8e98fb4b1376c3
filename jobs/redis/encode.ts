/** From what callers hand in to what the scripts take. */

import type { NewTask, When } from "../broker.ts";

/** One task as `accept` in scripts/accept.lua takes it. */
export function encodeTask(task: NewTask): (string | number)[] {
  return [
    task.id,
    task.name,
    task.args,
    task.queue,
    task.priority,
    task.maxRetries,
    task.timeLimit ?? "",
    task.softTimeLimit ?? "",
    encodeWhen(task.eta),
    encodeWhen(task.expires),
    task.idempotencyKey ?? "",
  ];
}

function encodeWhen(when: When | undefined): string {
  if (when === undefined) return "";
  return "inMs" in when ? `+${when.inMs}` : `${when.atMs}`;
}
