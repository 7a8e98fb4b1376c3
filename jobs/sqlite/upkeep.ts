/** What has to be done now and then: delayed tasks, limits, lost workers, and what has expired. */

import { COMMAND_MS } from "../command_store.ts";
import type { Database } from "./database.ts";
import { enterLane } from "./lanes.ts";
import { forgetStarts } from "./queues.ts";
import { BRIEF, type BriefRow, type TaskRow } from "./rows.ts";
import { REMOVABLE, type Removable, type Transaction } from "./transaction.ts";

/** Tasks that are made ready, or ended, at once. */
const MAX_PROMOTED = 1000;
/** Dead tasks that are kept for longer than others. */
const MAX_DEAD = 10_000;
/** One process in this time checks for workers that are gone. */
const REAP_EVERY_MS = 450;
/** What is hidden is deleted after this, or when its id comes again: readers may be that late. */
const PRUNE_AFTER_MS = 10_000;
const MAX_PRUNED = 500;
/** Of all tasks that are deleted at once; one task may have more. */
const MAX_PRUNED_EVENTS = 5000;

/** When something is due next, a Unix time in ms, and the number under which that was noted. */
export function nextDue(db: Database): { at: number; n: number } | undefined {
  return db.get(
    `SELECT at, n FROM (
       SELECT * FROM (SELECT due AS at, position AS n FROM tasks INDEXED BY tasks_scheduled
         WHERE due IS NOT NULL ORDER BY due LIMIT 1)
       UNION ALL SELECT * FROM (SELECT expires, position FROM tasks INDEXED BY tasks_expiring
         WHERE expires IS NOT NULL AND ${WAITS} ORDER BY expires LIMIT 1)
       UNION ALL SELECT * FROM (SELECT at, n FROM gates INDEXED BY gates_next
         WHERE at IS NOT NULL ORDER BY at LIMIT 1)
     ) ORDER BY at LIMIT 1`,
  );
}

/** Spelled as the index on `expires` has it. */
const WAITS = "status IN ('PENDING', 'RETRY')";

/** Does what is due; answers milliseconds until something is due again. */
export function promote(tx: Transaction): number | null {
  const due = tx.db.all<BriefRow & { due: number }>(
    `SELECT ${BRIEF} FROM tasks WHERE due <= ? ORDER BY due LIMIT ?`,
    tx.now,
    MAX_PROMOTED,
  );
  for (const task of due) makeReady(tx, task);
  const expired = tx.db.all<BriefRow>(
    `SELECT ${BRIEF} FROM tasks INDEXED BY tasks_expiring
     WHERE expires <= ? AND expires IS NOT NULL AND ${WAITS} ORDER BY expires LIMIT ?`,
    tx.now,
    MAX_PROMOTED,
  );
  for (const task of expired) tx.endWithError(task, "REVOKED", "TaskRevokedError", "expired");
  // What the queue's own rate held back needs no note any more; lanes are brought back by a claim.
  const opened = tx.db.run("DELETE FROM gates WHERE at <= ? AND scope = ''", tx.now) +
    tx.db.run("UPDATE gates SET at = NULL WHERE at <= ?", tx.now);
  if (opened > 0) tx.news = true;
  const next = nextDue(tx.db);
  return next === undefined ? null : Math.max(0, Math.ceil(next.at - tx.now));
}

function makeReady(tx: Transaction, task: BriefRow & { due: number }): void {
  if (task.status === "RETRY") return tx.makeReady(task, task.due, "back");
  const lane = tx.limits.laneOf(task);
  tx.move(task, "waiting");
  tx.db.run(
    "UPDATE tasks SET due = NULL, ready = ?, position = ?, lane = ? WHERE n = ?",
    task.due,
    tx.number(),
    lane,
    task.n,
  );
  enterLane(tx, { ...task, lane }, "back");
  tx.news = true;
}

/** Whether there is something for `reap` to do. */
export function isReapDue(db: Database, now: number, leaseMs: number): boolean {
  const pausedMs = now - reapedAt(db);
  // A clock that was set back must not stop it.
  if (pausedMs < 0 || pausedMs >= Math.max(REAP_EVERY_MS, leaseMs / 4)) return true;
  if (pausedMs < REAP_EVERY_MS) return false;
  return db.get(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM workers WHERE lease_until <= ? OR ${LEFT})
       OR EXISTS (SELECT 1 FROM tasks WHERE kept_until <= ?)`,
    now,
    now - PRUNE_AFTER_MS,
  ) !== undefined;
}

/** A worker's process is gone. */
const LEFT = "(peer IS NOT NULL AND peer NOT IN (SELECT id FROM peers))";

function reapedAt(db: Database): number {
  return db.get<{ reaped: number }>("SELECT reaped FROM state")?.reaped ?? 0;
}

/** Gives back the tasks of workers whose lease ran out or whose process is gone; answers how many. */
export function reap(tx: Transaction, leaseMs: number): number {
  const { db, now } = tx;
  const pausedMs = now - reapedAt(db);
  db.run("UPDATE state SET reaped = ?", now);
  // Nobody could renew a lease while the machine slept: after a long pause they start anew.
  if (pausedMs < 0 || pausedMs > Math.max(leaseMs / 2, 3 * REAP_EVERY_MS)) {
    db.run("UPDATE workers SET lease_until = ? WHERE lease_until <= ?", now + leaseMs, now);
  }
  if (pausedMs < 0) forgetStarts(tx);
  const gone = db.all<{ name: string }>(
    `SELECT name FROM workers WHERE lease_until <= ? OR ${LEFT}`,
    now,
  );
  return gone.reduce((sum, { name }) => sum + tx.dismiss(name, true), 0);
}

/** Ends the longer life of the oldest dead tasks where there are too many. */
function trimDead(tx: Transaction): boolean {
  const rows = tx.db.all<Pick<TaskRow, "n" | "finished" | "unique_until" | "kept_until">>(
    `SELECT n, finished, unique_until, kept_until FROM tasks INDEXED BY tasks_dead
     WHERE dead IS NOT NULL ORDER BY place DESC LIMIT ? OFFSET ?`,
    MAX_PRUNED,
    MAX_DEAD,
  );
  for (const { n, finished, unique_until: until, kept_until } of rows) {
    const least = Math.max((finished ?? 0) + tx.retention.endedMs, Number(until) || 0);
    tx.db.run(
      "UPDATE tasks SET dead = NULL, kept_until = ? WHERE n = ?",
      Math.min(kept_until ?? least, least),
      n,
    );
  }
  return rows.length === MAX_PRUNED;
}

/** Deletes some of what has been out of sight for long enough; answers whether there is more. */
export function prune(tx: Transaction): boolean {
  const { db, now } = tx;
  const moreDead = trimDead(tx);
  const overdue = db.all<Removable>(
    `SELECT ${REMOVABLE} FROM tasks WHERE kept_until <= ? LIMIT ?`,
    now - PRUNE_AFTER_MS,
    MAX_PRUNED,
  );
  let events = 0;
  let removed = 0;
  for (const task of overdue) {
    tx.remove(task);
    removed++;
    events += task.seq;
    if (events >= MAX_PRUNED_EVENTS) break;
  }
  db.run("DELETE FROM revocations WHERE at <= ?", now - PRUNE_AFTER_MS);
  db.run("DELETE FROM commands WHERE at <= ?", now - COMMAND_MS);
  const keys = db.run(
    "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE until <= ? LIMIT ?)",
    now,
    MAX_PRUNED,
  );
  return moreDead || removed === MAX_PRUNED || removed < overdue.length || keys === MAX_PRUNED;
}
