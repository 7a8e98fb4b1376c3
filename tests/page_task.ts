/** A task as the page is told of it. */

import type { Task } from "../jobs/wire.ts";

/** One that waits, but for what is said of it. */
export function taskOf(more: Partial<Task> = {}): Task {
  return {
    task_id: "1",
    name: "divide",
    args: [1, 2],
    status: "PENDING",
    stage: null,
    progress: 0,
    meta: null,
    result: null,
    error: null,
    queue: "default",
    priority: "normal",
    attempt: 1,
    retries: 0,
    max_retries: 3,
    deliveries: 0,
    worker: null,
    schedule: null,
    dead: false,
    on_lost: "requeue",
    concurrency_key: null,
    concurrency_limit: null,
    rate_limit: null,
    unique_key: null,
    time_limit: null,
    soft_time_limit: null,
    created_at: "2026-01-01T00:00:00.000Z",
    eta: null,
    expires: null,
    started_at: null,
    finished_at: null,
    runtime_ms: null,
    events: 1,
    ...more,
  };
}
