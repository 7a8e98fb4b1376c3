/** What changes when a task takes a step: one function per transition, each inside one transaction. */

import type { Change, NewTask, Receipt, Report, Settlement, When } from "../broker.ts";
import { brief } from "../stored.ts";
import { isReady, PRIORITIES } from "../wire.ts";
import { enterLane } from "./lanes.ts";
import { isRunning, REMOVABLE, type Removable, type Transaction } from "./transaction.ts";
import { keeperOf, keepUnique, releaseUnique } from "./unique.ts";

/** How long an idempotency key is known. */
const IDEMPOTENCY_MS = 86_400_000;

/** Accepts tasks. An id that is known is left as it is, so that a call can be repeated. */
export function accept(tx: Transaction, tasks: NewTask[]): Receipt[] {
  const receipts = tasks.map((task) => acceptOne(tx, task));
  const created = receipts.filter((receipt) => receipt.created).length;
  if (created > 0) {
    tx.count("enqueued", created);
    tx.news = true;
  }
  return receipts;
}

function acceptOne(tx: Transaction, task: NewTask): Receipt {
  const { db, now } = tx;
  const { id, idempotencyKey: key, unique } = task;
  if (key !== undefined) {
    const known = db.get<{ id: string }>(
      "SELECT id FROM idempotency WHERE key = ? AND until > ?",
      key,
      now,
    );
    const other = known && tx.load(known.id);
    if (other) {
      const args = db.get<{ args: string }>("SELECT args FROM tasks WHERE n = ?", other.n)?.args;
      const isSameCall = args === task.args || (unique && unique.key === other.unique_key);
      const same = other.id === id || (other.name === task.name && isSameCall);
      return { id: other.id, status: other.status, created: false, conflict: !same };
    }
  }
  const keeper = unique && !tx.load(id) && keeperOf(tx, unique.key);
  if (keeper) {
    remember(tx, key, keeper.id);
    return { ...keeper, created: false, conflict: false };
  }
  if (!insert(tx, task)) {
    const known = tx.load(id);
    if (known) return { id, status: known.status, created: false, conflict: false };
    const hidden = db.get<Removable>(`SELECT ${REMOVABLE} FROM tasks WHERE id = ?`, id);
    if (hidden) tx.remove(hidden);
    insert(tx, task);
  }
  remember(tx, key, id);
  return { id, status: "PENDING", created: true, conflict: false };
}

function remember({ db, now }: Transaction, key: string | undefined, id: string): void {
  if (key === undefined) return;
  db.run("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?)", key, id, now + IDEMPOTENCY_MS);
}

function insert(tx: Transaction, task: NewTask): boolean {
  const { now } = tx;
  const n = tx.number();
  const { queue, unique, concurrency } = task;
  const eta = instant(task.eta, now);
  const due = eta !== null && eta > now ? eta : null;
  const priority = PRIORITIES.indexOf(task.priority);
  const limited = {
    name: task.name,
    concurrency_key: concurrency?.key ?? null,
    rate_limit: task.rateLimit ?? null,
  };
  const lane = tx.limits.laneOf(limited);
  const isNew = tx.db.run(
    `INSERT INTO tasks (n, id, name, args, queue, priority, status, place, position, due,
       max_retries, time_limit, soft_time_limit, created, ready, eta, expires,
       on_lost, concurrency_key, concurrency_limit, rate_limit, unique_key, unique_until, lane)
     VALUES (?, ?, ?, ?, ?, ?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
    n,
    task.id,
    task.name,
    task.args,
    queue,
    priority,
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
    task.onLost ?? "requeue",
    limited.concurrency_key,
    concurrency?.limit ?? null,
    limited.rate_limit,
    unique?.key ?? null,
    keepsUntil(unique, now),
    lane,
  ) === 1;
  if (!isNew) return false;
  tx.enter(queue, due === null ? "waiting" : "scheduled");
  if (due === null) enterLane(tx, { queue, priority, lane }, "back");
  if (unique) keepUnique(tx, unique.key, n);
  return true;
}

function keepsUntil(unique: NewTask["unique"], now: number): "start" | "end" | number | null {
  if (!unique) return null;
  return typeof unique.until === "string" ? unique.until : Math.round(now + unique.until.ms);
}

function instant(when: When | undefined, now: number): number | null {
  if (when === undefined) return null;
  return Math.round("inMs" in when ? now + when.inMs : when.atMs);
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
  tx.countDuration("ran", task.name, runtime_ms);
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
  tx.move(task, "scheduled");
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

/** Runs an ended task again as a new attempt, with other arguments (JSON) if given. */
export function retry(tx: Transaction, id: string, args: string | undefined): Change {
  const task = tx.load(id);
  if (!task) return null;
  if (!isReady(task.status)) return { done: false, status: task.status };
  tx.db.run(
    `UPDATE tasks SET result = NULL, error = NULL, finished = NULL, retries = 0, lost = 0,
       eta = NULL, expires = NULL, attempt = attempt + 1, kept_until = NULL, dead = NULL, place = n,
       args = coalesce(?, args) WHERE n = ?`,
    args ?? null,
    task.n,
  );
  const { unique_key: key, unique_until: until } = task;
  if (key !== null && typeof until === "string" && !keeperOf(tx, key)) keepUnique(tx, key, task.n);
  tx.makeReady(task, tx.now, "back");
  return { done: true, status: "PENDING" };
}

/** Hides an ended task; it is deleted when no reader can be behind. */
export function forget(tx: Transaction, id: string): Change {
  const task = tx.load(id);
  if (!task) return null;
  if (!isReady(task.status)) return { done: false, status: task.status };
  releaseUnique(tx, task);
  tx.db.run("UPDATE tasks SET kept_until = ? WHERE n = ?", tx.now, task.n);
  return { done: true, status: task.status };
}
