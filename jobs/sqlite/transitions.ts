/** What changes when a task takes a step: one function per transition, each inside one transaction. */

import type { Change, Claimed, NewTask, Receipt, Report, Settlement, When } from "../broker.ts";
import { brief } from "../stored.ts";
import { isReady, PRIORITIES } from "../wire.ts";
import { isRunning, type Transaction } from "./transaction.ts";
import type { Database } from "./database.ts";
import type { BriefRow, TaskRow } from "./rows.ts";

/** How long an idempotency key is known. */
const IDEMPOTENCY_MS = 86_400_000;
/** Every tenth task taken is the lowest that waits, so that none starves. */
const LOW_TURN = 10;
/** Expired tasks that one claim ends, so that none takes long. */
const MAX_ENDED = 1000;

/** Accepts tasks. An id that is known is left as it is, so that a call can be repeated. */
export function accept(tx: Transaction, tasks: NewTask[]): Receipt[] {
  const receipts = tasks.map((task) => acceptOne(tx, task));
  const created = tasks.filter((_, i) => receipts[i]?.created);
  for (const queue of new Set(created.map(({ queue }) => queue))) {
    tx.db.run("INSERT OR IGNORE INTO queues (name) VALUES (?)", queue);
  }
  if (created.length > 0) {
    tx.count("enqueued", created.length);
    tx.news = true;
  }
  return receipts;
}

function acceptOne(tx: Transaction, task: NewTask): Receipt {
  const { db, now } = tx;
  const { id, idempotencyKey: key } = task;
  if (key !== undefined) {
    const known = db.get<{ id: string }>(
      "SELECT id FROM idempotency WHERE key = ? AND until > ?",
      key,
      now,
    );
    const other = known && tx.load(known.id);
    if (other) {
      const args = db.get<{ args: string }>("SELECT args FROM tasks WHERE n = ?", other.n)?.args;
      const same = other.id === id || (other.name === task.name && args === task.args);
      return { id: other.id, status: other.status, created: false, conflict: !same };
    }
  }
  if (!insert(tx, task)) {
    const known = tx.load(id);
    if (known) return { id, status: known.status, created: false, conflict: false };
    const hidden = db.get<Pick<BriefRow, "n" | "seq">>("SELECT n, seq FROM tasks WHERE id = ?", id);
    if (hidden) tx.remove(hidden);
    insert(tx, task);
  }
  if (key !== undefined) {
    db.run("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?)", key, id, now + IDEMPOTENCY_MS);
  }
  return { id, status: "PENDING", created: true, conflict: false };
}

function insert(tx: Transaction, task: NewTask): boolean {
  const { now } = tx;
  const n = tx.number();
  const eta = instant(task.eta, now);
  const due = eta !== null && eta > now ? eta : null;
  return tx.db.run(
    `INSERT INTO tasks (n, id, name, args, queue, priority, status, place, position, due,
       max_retries, time_limit, soft_time_limit, created, ready, eta, expires)
     VALUES (?, ?, ?, ?, ?, ?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
    n,
    task.id,
    task.name,
    task.args,
    task.queue,
    PRIORITIES.indexOf(task.priority),
    n,
    n,
    due,
    task.maxRetries,
    task.timeLimit,
    task.softTimeLimit,
    now,
    now,
    eta,
    instant(task.expires, now),
  ) === 1;
}

function instant(when: When | undefined, now: number): number | null {
  if (when === undefined) return null;
  return Math.round("inMs" in when ? now + when.inMs : when.atMs);
}

/** Whether a queue would hand out a task. */
export function hasReady(db: Database, queue: string): boolean {
  return db.get(
    `SELECT 1 FROM queues WHERE name = ? AND paused = 0 AND EXISTS (
       SELECT 1 FROM tasks WHERE queue = queues.name AND status = 'PENDING' AND due IS NULL)`,
    queue,
  ) !== undefined;
}

/** @param peer the process that it works in, as others know it */
export function renewLease(
  tx: Transaction,
  worker: string,
  leaseMs: number,
  peer: string | null,
): void {
  tx.db.run(
    `INSERT INTO workers (name, lease_until, peer) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET lease_until = excluded.lease_until, peer = excluded.peer`,
    worker,
    tx.now + leaseMs,
    peer,
  );
}

/** Hands ready tasks to a worker, each started under a new token. */
export function claim(
  tx: Transaction,
  worker: string,
  queues: string[],
  limit: number,
): Claimed[] {
  const claimed: Claimed[] = [];
  let ended = 0;
  for (const queue of queues) {
    if (!hasReady(tx.db, queue)) continue;
    while (claimed.length < limit && ended < MAX_ENDED) {
      const tasks = take(tx, queue, limit - claimed.length);
      if (tasks.length === 0) break;
      for (const task of tasks) {
        if (task.expires !== null && task.expires <= tx.now) {
          tx.endWithError(task, "REVOKED", "TaskRevokedError", "expired");
          ended++;
        } else {
          claimed.push(start(tx, task, worker));
        }
      }
    }
  }
  return claimed;
}

/** The tasks of a queue that are next, high priorities first but not only. */
function take(tx: Transaction, queue: string, want: number): TaskRow[] {
  const levels = PRIORITIES.map((_, priority) =>
    tx.db.all<TaskRow>(
      `SELECT * FROM tasks WHERE queue = ? AND priority = ? AND status = 'PENDING' AND due IS NULL
       ORDER BY position LIMIT ?`,
      queue,
      priority,
      want,
    )
  ).filter(({ length }) => length > 0);
  const [only] = levels;
  if (!only || levels.length === 1) return only ?? [];
  const turn = tx.db.get<{ turns: number }>(
    "UPDATE queues SET turns = turns + ? WHERE name = ? RETURNING turns",
    want,
    queue,
  );
  const before = (turn?.turns ?? want) - want;
  const taken: TaskRow[] = [];
  for (let i = 1; i <= want; i++) {
    const isLowTurn = (before + i) % LOW_TURN === 0;
    const waiting = levels.filter(({ length }) => length > 0);
    const task = waiting.at(isLowTurn ? -1 : 0)?.shift();
    if (task) taken.push(task);
  }
  return taken;
}

function start(tx: Transaction, task: TaskRow, worker: string): Claimed {
  const token = task.deliveries + 1;
  const { attempt } = task;
  const seq = tx.emit(task, "STARTED", { worker, attempt });
  tx.countDuration("wait", task.name, Math.max(0, tx.now - task.ready));
  tx.db.run(
    `UPDATE tasks SET status = 'STARTED', worker = ?, started = ?, deliveries = ?, seq = ?
     WHERE n = ?`,
    worker,
    tx.now,
    token,
    seq,
    task.n,
  );
  return {
    id: task.id,
    token,
    name: task.name,
    args: task.args,
    queue: task.queue,
    attempt,
    retries: task.retries,
    maxRetries: task.max_retries,
    timeLimit: task.time_limit,
    softTimeLimit: task.soft_time_limit,
  };
}

/** Stores what a running task says of itself; false where the claim no longer holds. */
export function report(
  tx: Transaction,
  worker: string,
  { id, token, progress, log }: Report,
): boolean {
  const task = tx.loadClaimed(id, worker, token);
  if (!task) return false;
  const status = progress ? "PROGRESS" : task.status;
  const percent = progress?.percent ?? task.progress;
  const stage = progress?.stage ? JSON.stringify(progress.stage) : task.stage;
  const meta = progress?.meta || null;
  const seq = tx.emit(task, status, {
    progress: percent,
    stage: stage === null ? null : JSON.parse(stage),
    ...(meta !== null && { meta: JSON.parse(meta) }),
    ...(log !== undefined && { log }),
  });
  tx.db.run(
    `UPDATE tasks SET status = ?, progress = ?, stage = ?, meta = coalesce(?, meta), seq = ?
     WHERE n = ?`,
    status,
    percent,
    stage,
    meta,
    seq,
    task.n,
  );
  return true;
}

/** Ends a run; false where the claim no longer holds. */
export function settle(
  tx: Transaction,
  worker: string,
  { id, token, outcome }: Settlement,
): boolean {
  const task = tx.loadClaimed(id, worker, token);
  if (!task) return false;
  if (outcome.state === "PENDING") {
    tx.makeReady(task, tx.now, "front");
    return true;
  }
  const runtime_ms = Math.max(0, tx.now - (task.started ?? tx.now));
  tx.countDuration("run", task.name, runtime_ms);
  if (outcome.state === "SUCCESS") {
    tx.end(task, "SUCCESS", { result: outcome.result, detail: { runtime_ms } });
    return true;
  }
  const error = JSON.stringify(outcome.error);
  const detail = { runtime_ms, error: brief(outcome.error) };
  if (outcome.state === "FAILURE") {
    tx.end(task, "FAILURE", { error, detail });
    return true;
  }
  const due = Math.round(tx.now + outcome.delayMs);
  tx.count(`outcome RETRY ${task.queue} ${task.name}`);
  tx.db.run(
    `UPDATE tasks SET status = 'RETRY', error = ?, eta = ?, due = ?, seq = ?, position = ?,
       retries = retries + 1, attempt = attempt + 1, worker = NULL, started = NULL, progress = 0,
       stage = NULL, meta = NULL WHERE n = ?`,
    error,
    due,
    due,
    tx.emit(task, "RETRY", { ...detail, eta: due }),
    tx.number(),
    task.n,
  );
  return true;
}

/** Ends a task that has not ended. A worker that runs it is told and cannot settle it any more. */
export function revoke(tx: Transaction, id: string): Change {
  const task = tx.load(id);
  if (!task) return null;
  if (isReady(task.status)) return { done: false, status: task.status };
  if (isRunning(task)) {
    tx.db.run(
      "INSERT INTO revocations VALUES (?, ?, ?, ?, ?)",
      tx.number(),
      tx.now,
      task.worker,
      id,
      task.deliveries,
    );
  }
  tx.endWithError(task, "REVOKED", "TaskRevokedError", "revoked");
  return { done: true, status: "REVOKED" };
}

/** Runs an ended task again as a new attempt. */
export function retry(tx: Transaction, id: string): Change {
  const task = tx.load(id);
  if (!task) return null;
  if (!isReady(task.status)) return { done: false, status: task.status };
  tx.db.run(
    `UPDATE tasks SET result = NULL, error = NULL, finished = NULL, retries = 0, lost = 0,
       eta = NULL, expires = NULL, attempt = attempt + 1, kept_until = NULL, place = n
     WHERE n = ?`,
    task.n,
  );
  tx.makeReady(task, tx.now, "back");
  return { done: true, status: "PENDING" };
}

/** Hides an ended task; it is deleted when no reader can be behind. */
export function forget(tx: Transaction, id: string): Change {
  const task = tx.load(id);
  if (!task) return null;
  if (!isReady(task.status)) return { done: false, status: task.status };
  tx.db.run("UPDATE tasks SET kept_until = ? WHERE n = ?", tx.now, task.n);
  return { done: true, status: task.status };
}
