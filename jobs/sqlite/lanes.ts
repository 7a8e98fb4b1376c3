/**
 * The lanes of tasks that a limit may hold back. Those of one queue and priority take turns; one whose
 * first task may not start is put aside until what it waits for is there, and costs nothing till then.
 */

import { PRIORITIES } from "../wire.ts";
import type { TaskRow } from "./rows.ts";
import type { Transaction } from "./transaction.ts";

/** Lanes put aside for a rate that are brought back at once, besides as many as are wanted. */
const MORE_BACK = 100;

/** How `lanes.waits` begins where it is for a rate; the name follows. */
const RATE = "task ";
/** A lane. */
const ONE = "queue = ? AND priority = ? AND lane = ?";

export type LaneKey = Pick<TaskRow, "queue" | "priority" | "lane">;

/** Makes a lane known in which a task has begun to wait; in front, it may be what others are not. */
export function enterLane(tx: Transaction, task: LaneKey, where: "front" | "back"): void {
  if (task.lane === null) return;
  tx.db.run(
    `INSERT INTO lanes (queue, priority, lane, turn) VALUES (?, ?, ?, ?)
     ON CONFLICT (queue, priority, lane) DO ${
      where === "front" ? "UPDATE SET waits = NULL" : "NOTHING"
    }`,
    task.queue,
    task.priority,
    task.lane,
    tx.number(),
  );
}

/** To be called when a task has ended that waited in a lane: another may be the first of it now. */
export function leaveLane(tx: Transaction, { queue, priority, lane }: LaneKey): void {
  if (lane === null) return;
  const isEmpty = tx.db.get(
    `SELECT 1 FROM tasks INDEXED BY tasks_in_lanes WHERE queue = ? AND priority = ? AND lane = ?
       AND status = 'PENDING' AND due IS NULL AND lane IS NOT NULL LIMIT 1`,
    queue,
    priority,
    lane,
  ) === undefined;
  tx.db.run(
    `${isEmpty ? "DELETE FROM lanes" : "UPDATE lanes SET waits = NULL"} WHERE ${ONE}`,
    queue,
    priority,
    lane,
  );
}

/** Brings back all lanes, of any queue, that waited for a place of this key. */
export function freePlace(tx: Transaction, key: string): void {
  tx.db.run("UPDATE lanes SET waits = NULL WHERE waits = ?", `key ${key}`);
}

/** The lane that is served next; undefined where all are put aside. */
export function nextLane(tx: Transaction, queue: string, priority: number): string | undefined {
  return tx.db.get<{ lane: string }>(
    `SELECT lane FROM lanes INDEXED BY lanes_next
     WHERE queue = ? AND priority = ? AND waits IS NULL ORDER BY turn LIMIT 1`,
    queue,
    priority,
  )?.lane;
}

/** The next two tasks of a lane. */
export function headOf(tx: Transaction, queue: string, priority: number, lane: string): TaskRow[] {
  return tx.db.all(
    `SELECT * FROM tasks INDEXED BY tasks_in_lanes WHERE queue = ? AND priority = ? AND lane = ?
       AND status = 'PENDING' AND due IS NULL AND lane IS NOT NULL ORDER BY position LIMIT 2`,
    queue,
    priority,
    lane,
  );
}

/** Puts a lane aside that waits for something (in the words of `lanes.waits`). */
export function putAside(tx: Transaction, { queue, priority, lane }: LaneKey, waits: string): void {
  tx.db.run(`UPDATE lanes SET waits = ? WHERE ${ONE}`, waits, queue, priority, lane);
  noteRate(tx, queue, waits);
}

/** Has the lane that was served wait for its next turn, or forgets it if nothing is left in it. */
export function endTurn(
  tx: Transaction,
  { queue, priority, lane }: LaneKey,
  next: TaskRow | undefined,
): void {
  if (!next) {
    tx.db.run(`DELETE FROM lanes WHERE ${ONE}`, queue, priority, lane);
    return;
  }
  const waits = tx.limits.heldBy(next);
  const turn = tx.number();
  tx.db.run(
    `UPDATE lanes SET turn = ?, waits = ? WHERE ${ONE}`,
    turn,
    waits,
    queue,
    priority,
    lane,
  );
  if (waits !== null) noteRate(tx, queue, waits);
}

function noteRate(tx: Transaction, queue: string, waits: string): void {
  if (waits.startsWith(RATE)) {
    putGate(tx, queue, waits, tx.limits.nextStart(waits.slice(RATE.length)));
  }
}

/** Brings back lanes that waited for rates which allow starts again; answers for which rates. */
export function openGates(tx: Transaction, queue: string, wanted: number): string[] {
  const open = tx.db.all<{ scope: string }>(
    "SELECT scope FROM gates WHERE queue = ? AND scope <> '' AND (at IS NULL OR at <= ?)",
    queue,
    tx.now,
  );
  for (const { scope } of open) {
    for (const priority of PRIORITIES.keys()) {
      tx.db.run(
        `UPDATE lanes SET waits = NULL WHERE queue = ? AND priority = ? AND lane IN (
           SELECT lane FROM lanes WHERE waits = ? AND queue = ? AND priority = ?
           ORDER BY turn LIMIT ?)`,
        queue,
        priority,
        scope,
        queue,
        priority,
        wanted + MORE_BACK,
      );
    }
  }
  return open.map(({ scope }) => scope);
}

/** To be called after a claim for each gate that it found open. */
export function closeGate(tx: Transaction, queue: string, scope: string): void {
  const isWaitedFor = tx.db.get(
    "SELECT 1 FROM lanes WHERE waits = ? AND queue = ? LIMIT 1",
    scope,
    queue,
  );
  if (isWaitedFor) {
    putGate(tx, queue, scope, Math.max(tx.now, tx.limits.nextStart(scope.slice(RATE.length))));
  } else {
    tx.db.run("DELETE FROM gates WHERE queue = ? AND scope = ?", queue, scope);
  }
}

/**
 * Notes when a queue may go on, for `promote` to tell.
 * @param scope empty for the queue's own rate
 */
export function putGate(tx: Transaction, queue: string, scope: string, at: number): void {
  const changed = tx.db.run(
    `INSERT INTO gates VALUES (?, ?, ?, ?) ON CONFLICT (queue, scope)
     DO UPDATE SET at = excluded.at, n = excluded.n WHERE at IS NOT excluded.at`,
    queue,
    scope,
    at,
    tx.number(),
  );
  if (changed > 0) tx.news = true;
}
