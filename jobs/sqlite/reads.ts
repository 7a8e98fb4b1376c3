/** What is read without changing anything: tasks, their events, queues and workers. */

import {
  InvalidCursorError,
  type NamedTaskLimits,
  type QueueState,
  type TaskFilter,
  type TaskPage,
  type WorkerBeat,
} from "../broker.ts";
import { acceptedEvent, iso, toEvent } from "../stored.ts";
import type { Task, TaskError, TaskEvent, WorkerInfo } from "../wire.ts";
import type { Database } from "./database.ts";
import { type TaskRow, toTask } from "./rows.ts";

/** A page of a list ends early when it has looked at so many tasks or holds so many characters. */
const MAX_LOOKED = 5000;
const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024;

/** Not expired or forgotten; the parameter is the time. */
const SEEN = "(kept_until IS NULL OR kept_until > ?)";

export function readTask(db: Database, id: string): Task | null {
  const row = rowOf(db, "id", id);
  return row ? toTask(row) : null;
}

/** The cursor is the place, or without a state the number, of the last task looked at. */
export function readPage(db: Database, filter: TaskFilter): TaskPage {
  const { state, name, queue, error, limit, cursor } = filter;
  if (!/^(\d{1,15})?$/.test(cursor ?? "")) throw new InvalidCursorError(cursor);
  const order = state === undefined ? "n" : "place";
  const before = cursor ? Number(cursor) : Number.MAX_SAFE_INTEGER;
  const candidates = db.iterate<
    Pick<TaskRow, "n" | "name" | "queue" | "kept_until"> & { at: number; error?: string | null }
  >(
    `SELECT n, ${order} AS at, name, queue, kept_until ${error === undefined ? "" : ", error"}
     FROM tasks WHERE ${state === undefined ? "" : "status = ? AND"} ${order} < ?
     ORDER BY ${order} DESC`,
    ...(state === undefined ? [] : [state]),
    before,
  );
  const tasks: Task[] = [];
  let looked = 0;
  let characters = 0;
  for (const candidate of candidates) {
    looked++;
    if (
      (name ?? candidate.name) === candidate.name &&
      (queue ?? candidate.queue) === candidate.queue &&
      (error === undefined || hasIn(candidate.error, error))
    ) {
      const row = rowOf(db, "n", candidate.n);
      if (row) tasks.push(toTask(row));
      characters += (row?.args.length ?? 0) + (row?.result?.length ?? 0);
    }
    if (tasks.length === limit || looked === MAX_LOOKED || characters >= MAX_PAGE_CHARACTERS) {
      return { tasks, cursor: String(candidate.at) };
    }
  }
  return { tasks, cursor: null };
}

/** Whether a stored error has a text in its type or its message. */
function hasIn(stored: string | null | undefined, text: string): boolean {
  if (!stored) return false;
  const { type, message } = JSON.parse(stored) as TaskError;
  return type.includes(text) || message.includes(text);
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

function rowOf(db: Database, by: "id" | "n", value: string | number): TaskRow | undefined {
  return db.get(`SELECT * FROM tasks WHERE ${by} = ? AND ${SEEN}`, value, Date.now());
}
