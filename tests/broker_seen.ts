/** What everyone can know of a task and of an event, and a model too: all but the times. */

import type { NewTask } from "../jobs/broker.ts";
import type { Task, TaskEvent } from "../jobs/wire.ts";

const TIMES = ["eta", "expires", "started_at", "finished_at", "runtime_ms"] as const;
type Times = (typeof TIMES)[number];

/** A task, but with whether it has a time in place of the time. */
export type Seen = Omit<Task, Times | "created_at"> & Record<Times, boolean>;
/** An event likewise. */
export type SeenEvent = Omit<TaskEvent, "at" | "eta" | "runtime_ms"> & { eta: boolean };

export const NOT_STARTED = {
  worker: null,
  progress: 0,
  stage: null,
  meta: null,
  started_at: false,
};
export const NOT_ENDED = { result: null, error: null, finished_at: false, runtime_ms: false };

/** An accepted task before its first event. */
export function accepted(given: NewTask): Seen {
  const { id: task_id, name, args, queue, priority, eta, expires, concurrency, unique } = given;
  const { maxRetries: max_retries, timeLimit: time_limit, softTimeLimit: soft_time_limit } = given;
  return {
    ...{ task_id, name, args: JSON.parse(args), queue, priority },
    ...{ max_retries, time_limit, soft_time_limit, schedule: null },
    ...{ eta: eta !== undefined, expires: expires !== undefined },
    ...{ dead: false, on_lost: given.onLost ?? "requeue", rate_limit: given.rateLimit ?? null },
    concurrency_key: concurrency?.key ?? null,
    concurrency_limit: concurrency?.limit ?? null,
    unique_key: unique?.key ?? null,
    ...{ status: "PENDING", attempt: 1, retries: 0, deliveries: 0, events: 0 },
    ...NOT_STARTED,
    ...NOT_ENDED,
  };
}

export function seen({ created_at: _, ...task }: Task): Seen {
  const has = TIMES.map((time) => [time, task[time] !== null]);
  return { ...task, ...Object.fromEntries(has) as Record<Times, boolean> };
}

export function seenEvent({ at: _, runtime_ms: __, eta, ...event }: TaskEvent): SeenEvent {
  return { ...event, eta: eta !== undefined };
}
