/** What has to be done now and then: delayed tasks, lost workers, and what has expired. */

import type { Database } from "./database.ts";
import { BRIEF, type BriefRow } from "./rows.ts";
import type { Transaction } from "./transaction.ts";

/** Delayed tasks that are made ready at once. */
const MAX_PROMOTED = 1000;
/** One process in this time checks for workers that are gone. */
const REAP_EVERY_MS = 450;
/** What is hidden is deleted after this, or when its id comes again: readers may be that late. */
const PRUNE_AFTER_MS = 10_000;
const MAX_PRUNED = 500;
/** Of all tasks that are deleted at once; one task may have more. */
const MAX_PRUNED_EVENTS = 5000;

export function nextDue(db: Database): number | null {
  const sql = "SELECT min(due) AS due FROM tasks WHERE due IS NOT NULL";
  return db.get<{ due: number | null }>(sql)?.due ?? null;
}

/** Makes delayed tasks ready whose time has come; answers milliseconds until the next is due. */
export function promote(tx: Transaction): number | null {
  const tasks = tx.db.all<BriefRow & { due: number }>(
    `SELECT ${BRIEF} FROM tasks WHERE due <= ? ORDER BY due LIMIT ?`,
    tx.now,
    MAX_PROMOTED,
  );
  for (const task of tasks) {
    if (task.status === "RETRY") {
      tx.makeReady(task, task.due, "back");
    } else {
      tx.db.run(
        "UPDATE tasks SET due = NULL, ready = ?, position = ? WHERE n = ?",
        task.due,
        tx.number(),
        task.n,
      );
      tx.news = true;
    }
  }
  const next = nextDue(tx.db);
  return next === null ? null : Math.max(0, next - tx.now);
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
  const gone = db.all<{ name: string }>(
    `SELECT name FROM workers WHERE lease_until <= ? OR ${LEFT}`,
    now,
  );
  return gone.reduce((sum, { name }) => sum + tx.dismiss(name, true), 0);
}

/** Deletes some of what has been out of sight for long enough; answers whether there is more. */
export function prune(tx: Transaction): boolean {
  const { db, now } = tx;
  const overdue = db.all<Pick<BriefRow, "n" | "seq">>(
    "SELECT n, seq FROM tasks WHERE kept_until <= ? LIMIT ?",
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
  const keys = db.run(
    "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE until <= ? LIMIT ?)",
    now,
    MAX_PRUNED,
  );
  return removed === MAX_PRUNED || removed < overdue.length || keys === MAX_PRUNED;
}
