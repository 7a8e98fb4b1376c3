/** From what callers hand in to what the scripts take. */

import type { NewTask, Settlement, TaskLimits, When, WorkerBeat } from "../broker.ts";
import { brief } from "../stored.ts";

/** Tasks as `accept` in scripts/accept.lua takes them, added to its arguments. */
export function encodeTasks(tasks: readonly NewTask[], to: (string | number)[]): void {
  let group: { name: string; queue: string; more: (string | number)[] } | undefined;
  let size = 0;
  let sizeAt = 0;
  for (const task of tasks) {
    const { id, name, args, queue } = task;
    const more = encodeMore(task);
    if (group?.name !== name || group.queue !== queue || !isSame(group.more, more)) {
      group = { name, queue, more };
      sizeAt = to.push(name, queue, more.length, ...more, 0) - 1;
      size = 0;
    }
    to.push(id, args);
    to[sizeAt] = ++size;
  }
}

function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((each, i) => each === others[i]);
}

/** What most tasks do not have: fields and values. */
function encodeMore(task: NewTask): (string | number)[] {
  const { eta, expires, idempotencyKey, concurrency, rateLimit, onLost, unique } = task;
  const fields: (string | number)[] = [];
  if (task.priority !== "normal") fields.push("priority", task.priority);
  if (task.maxRetries !== 3) fields.push("max_retries", task.maxRetries);
  if (task.timeLimit !== null) fields.push("time_limit", task.timeLimit);
  if (task.softTimeLimit !== null) fields.push("soft_time_limit", task.softTimeLimit);
  if (eta) fields.push("eta", encodeWhen(eta));
  if (expires) fields.push("expires", encodeWhen(expires));
  if (idempotencyKey) fields.push("idempotency_key", idempotencyKey);
  if (concurrency) fields.push("concurrency_key", concurrency.key);
  if (concurrency && concurrency.limit !== 1) fields.push("concurrency_limit", concurrency.limit);
  if (rateLimit) fields.push("rate_limit", rateLimit);
  if (onLost === "fail") fields.push("on_lost", onLost);
  if (unique) {
    const { key, until } = unique;
    fields.push("unique", key, "unique_until", typeof until === "string" ? until : `+${until.ms}`);
  }
  return fields;
}

function encodeWhen(when: When): string {
  return "inMs" in when ? `+${when.inMs}` : `${when.atMs}`;
}

/** One end of a run as scripts/settle.lua takes it, added to its arguments. */
export function encodeSettlement(settlement: Settlement, to: (string | number)[]): void {
  const { id, token, outcome } = settlement;
  const { state } = outcome;
  to.push(id, token, state);
  if (state === "SUCCESS") to.push(outcome.result);
  if (state === "FAILURE" || state === "RETRY") {
    to.push(JSON.stringify(outcome.error), JSON.stringify(brief(outcome.error)));
  }
  if (state === "RETRY") to.push(outcome.delayMs);
}

/** What a worker says of itself, as fields of a hash. */
export function encodeBeat({ name: _, queues, ...rest }: WorkerBeat): (string | number)[] {
  const fields: [string, string | number | null][] = Object.entries({
    ...rest,
    queues: queues.join(","),
    load: JSON.stringify(rest.load),
    tasks: JSON.stringify(rest.tasks),
    running: JSON.stringify(rest.running),
    threads: JSON.stringify(rest.threads),
    last_command: JSON.stringify(rest.last_command),
  });
  return fields.flatMap(([field, value]) => [field, value ?? ""]);
}

/** Fields of `limits` and their values, "" for none; what is absent is left out. */
export function encodeTaskLimits(name: string, limits: TaskLimits): (string | number)[] {
  const { rateLimit, timeLimit, softTimeLimit } = limits;
  return [
    ...(rateLimit === undefined ? [] : [`task ${name}`, rateLimit ?? ""]),
    ...(timeLimit === undefined ? [] : [`time ${name}`, timeLimit ?? ""]),
    ...(softTimeLimit === undefined ? [] : [`soft ${name}`, softTimeLimit ?? ""]),
  ];
}
