/** What is read without changing anything: tasks, their events, queues and workers. */

import type { NamedTaskLimits, QueueState, WorkerBeat } from "../broker.ts";
import { acceptedEvent, iso, toEvent } from "../stored.ts";
import type { Task, TaskEvent, WorkerInfo } from "../wire.ts";
import type { Database } from "./database.ts";
import { type TaskRow, toTask } from "./rows.ts";

/** Further down its queue a task's place is not counted. */
const MAX_POSITION = 10_000;

/** Not expired or forgotten; the parameter is the time. */
const SEEN = "(kept_until IS NULL OR kept_until > ?)";

export function readTask(db: Database, id: string): Task | null {
  const row = db.get<TaskRow>(`SELECT * FROM tasks WHERE id = ? AND ${SEEN}`, id, Date.now());
  return row ? toTask(row) : null;
}

/** How many tasks of its queue are before one that waits; null in a lane, and where that are very many. */
export function readPosition(db: Database, id: string): number | null {
  const task = db.get<Pick<TaskRow, "queue" | "priority" | "position">>(
    `SELECT queue, priority, position FROM tasks
     WHERE id = ? AND status = 'PENDING' AND due IS NULL AND lane IS NULL`,
    id,
  );
  if (!task) return null;
  const { before = 0 } = db.get<{ before: number }>(
    `SELECT count(*) AS before FROM (SELECT 1 FROM tasks INDEXED BY tasks_ready
       WHERE queue = ? AND status = 'PENDING' AND due IS NULL AND lane IS NULL
         AND (priority, position) < (?, ?) LIMIT ?)`,
    task.queue,
    task.priority,
    task.position,
    MAX_POSITION + 1,
  ) ?? {};
  return before > MAX_POSITION ? null : before;
}

export function readEvents(db: Database, id: string, after: number): TaskEvent[] | null {
  const task = db.get<{ n: number; name: string; created: number }>(
    `SELECT n, name, created FROM tasks WHERE id = ? AND ${SEEN}`,
    id,
    Date.now(),
  );
  if (!task) return null;
  const stored = db.all<{ seq: number; body: string }>(
    "SELECT seq, body FROM events WHERE task = ? AND seq > ? ORDER BY seq",
    task.n,
    after,
  );
  const events = stored.map(({ seq, body }) => toEvent(id, seq, task.name, body));
  const complete = (events[0]?.seq ?? 2) === 2;
  return after < 1 && complete ? [acceptedEvent(id, task.name, task.created), ...events] : events;
}

export function readQueues(db: Database): QueueState[] {
  return db.all<Omit<QueueState, "paused"> & { paused: number }>(
    `SELECT name, waiting, scheduled, active, paused, rate_limit, concurrency_limit
     FROM queues ORDER BY name`,
  ).map(({ paused, ...queue }) => ({ ...queue, paused: paused === 1 }));
}

export function readTaskLimits(db: Database): NamedTaskLimits[] {
  return db.all<NamedTaskLimits>(
    `SELECT name, rate_limit, time_limit, soft_time_limit FROM task_rates
     WHERE coalesce(rate_limit, time_limit, soft_time_limit) IS NOT NULL ORDER BY name`,
  ).map((limits) => ({ ...limits }));
}

export function readWorkers(db: Database): WorkerInfo[] {
  const active = new Map(
    db.all<{ worker: string; count: number }>(
      `SELECT worker, count(*) AS count FROM tasks
       WHERE status IN ('STARTED', 'PROGRESS') GROUP BY worker`,
    ).map(({ worker, count }) => [worker, count]),
  );
  return db.all<{ name: string; heartbeat: number; info: string }>(
    "SELECT name, heartbeat, info FROM workers WHERE info IS NOT NULL ORDER BY name",
  ).map(({ name, heartbeat, info }) => ({
    name,
    ...JSON.parse(info) as Omit<WorkerBeat, "name">,
    heartbeat_at: iso(heartbeat),
    active: active.get(name) ?? 0,
  }));
}
