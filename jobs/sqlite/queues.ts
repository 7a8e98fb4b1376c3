/** What is done to whole queues, and to all tasks of a name: pausing, limits, purging. */

import type { QueueLimits, TaskLimits } from "../broker.ts";
import { BRIEF, type BriefRow } from "./rows.ts";
import type { Transaction } from "./transaction.ts";

/** Tasks that are purged at once. */
const MAX_PURGED = 1000;

export function setPaused(tx: Transaction, queue: string, paused: boolean): void {
  tx.db.run(
    `INSERT INTO queues (name, paused) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET paused = excluded.paused`,
    queue,
    paused ? 1 : 0,
  );
  tx.news = true;
}

/** Sets or lifts a queue's limits. What another rate has counted so far is forgotten. */
export function limitQueue(tx: Transaction, queue: string, limits: QueueLimits): void {
  const { rateLimit: rate, concurrencyLimit: places } = limits;
  tx.db.run("INSERT OR IGNORE INTO queues (name) VALUES (?)", queue);
  if (places !== undefined) {
    tx.db.run("UPDATE queues SET concurrency_limit = ? WHERE name = ?", places, queue);
  }
  if (rate !== undefined) {
    const changed = tx.db.run(
      `UPDATE queues SET rate_limit = ?1, next_start = 0
       WHERE name = ?2 AND rate_limit IS NOT ?1`,
      rate,
      queue,
    );
    if (changed > 0) tx.db.run("DELETE FROM gates WHERE queue = ? AND scope = ''", queue);
  }
  tx.news = true;
}

/** Sets what counts instead of the own limits of all tasks of a name. */
export function limitTask(tx: Transaction, name: string, limits: TaskLimits): void {
  const { rateLimit: rate, timeLimit: hard, softTimeLimit: soft } = limits;
  tx.db.run("INSERT OR IGNORE INTO task_rates (name) VALUES (?)", name);
  if (hard !== undefined) {
    tx.db.run("UPDATE task_rates SET time_limit = ? WHERE name = ?", hard, name);
  }
  if (soft !== undefined) {
    tx.db.run("UPDATE task_rates SET soft_time_limit = ? WHERE name = ?", soft, name);
  }
  if (rate === undefined) return;
  tx.db.run(
    `UPDATE task_rates SET rate_limit = ?1, next_start = 0
     WHERE name = ?2 AND rate_limit IS NOT ?1`,
    rate,
    name,
  );
  // The next claims bring back what was put aside, and put what waits elsewhere into its lane.
  tx.db.run("UPDATE gates SET at = NULL WHERE scope = ?", `task ${name}`);
  tx.news = true;
}

/** Has all rates begin anew: the clock was set back, and their times would be long in coming. */
export function forgetStarts(tx: Transaction): void {
  tx.db.run("UPDATE queues SET next_start = 0 WHERE next_start > 0");
  tx.db.run("UPDATE task_rates SET next_start = 0");
  tx.db.run("UPDATE gates SET at = ?", tx.now);
  tx.news = true;
}

/** How far a purge has come. */
export interface Purge {
  /** Tasks that the last step has ended. */
  ended: number;
  /** Tasks that are accepted later are left alone; null before the first step. */
  upTo: number | null;
  /** Delayed tasks that were due before have been purged. */
  due: number;
  more: boolean;
}

/** Ends some of the tasks of a queue that wait. */
export function purge(tx: Transaction, queue: string, { upTo, due }: Purge): Purge {
  const last = upTo ?? tx.number();
  const rows: (BriefRow & { due: number | null })[] = [];
  for (const where of [READY, IN_LANES, SCHEDULED]) {
    rows.push(...tx.db.all<BriefRow & { due: number | null }>(
      `SELECT ${BRIEF} FROM tasks ${where} LIMIT ?4`,
      queue,
      last,
      due,
      MAX_PURGED - rows.length,
    ));
  }
  for (const task of rows) tx.endWithError(task, "REVOKED", "TaskRevokedError", "purged");
  const more = rows.length === MAX_PURGED;
  return { ended: rows.length, upTo: last, due: rows.at(-1)?.due ?? due, more };
}

const OLD = "queue = ?1 AND n <= ?2";
const READY = `INDEXED BY tasks_ready
  WHERE ${OLD} AND status = 'PENDING' AND due IS NULL AND lane IS NULL`;
const IN_LANES = `INDEXED BY tasks_in_lanes
  WHERE ${OLD} AND status = 'PENDING' AND due IS NULL AND lane IS NOT NULL`;
const SCHEDULED = `INDEXED BY tasks_scheduled WHERE ${OLD} AND due >= ?3 ORDER BY due`;
