/** Handing out tasks: which of a queue may start, in which order, and that they have. */

import type { Claimed } from "../broker.ts";
import { PRIORITIES, type Rate } from "../wire.ts";
import type { Database } from "./database.ts";
import {
  closeGate,
  endTurn,
  enterLane,
  headOf,
  nextLane,
  openGates,
  putAside,
  putGate,
} from "./lanes.ts";
import { nextStart, startsNow } from "./limits.ts";
import type { TaskRow } from "./rows.ts";
import type { Transaction } from "./transaction.ts";
import { releaseUnique } from "./unique.ts";

/** Every tenth task taken is the lowest that waits, so that none starves. */
const LOW_TURN = 10;
/** Expired tasks that one claim ends, so that none takes long. */
const MAX_ENDED = 1000;
/** Lanes that one claim looks at in vain. */
const MAX_PASSED = 1000;
/** Tasks that one claim moves to lanes. */
const MAX_MOVED = 1000;

/**
 * Queues for which a claim is worth its while: something may start as far as can be told without
 * looking at every lane, or it has to be noted that a rate holds the queue back. The parameters are
 * the time, twice.
 */
const CLAIMABLE = `paused = 0
  AND (concurrency_limit IS NULL OR active < concurrency_limit)
  AND (rate_limit IS NULL OR next_start <= ?
    OR NOT EXISTS (SELECT 1 FROM gates WHERE queue = queues.name AND scope = '' AND at IS NOT NULL))
  AND (EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_ready
      WHERE queue = queues.name AND status = 'PENDING' AND due IS NULL AND lane IS NULL)
    OR EXISTS (SELECT 1 FROM lanes INDEXED BY lanes_next WHERE queue = queues.name AND waits IS NULL)
    OR EXISTS (SELECT 1 FROM gates
      WHERE queue = queues.name AND scope <> '' AND (at IS NULL OR at <= ?)))`;

/** Whether a queue may hand out a task. */
export function isClaimable(db: Database, queue: string, now: number): boolean {
  const sql = `SELECT 1 FROM queues WHERE name = ? AND ${CLAIMABLE}`;
  return db.get(sql, queue, now, now) !== undefined;
}

/** All queues that may hand out a task. */
export function claimableQueues(db: Database, now: number): string[] {
  const sql = `SELECT name FROM queues WHERE ${CLAIMABLE}`;
  return db.all<{ name: string }>(sql, now, now).map(({ name }) => name);
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
  const effort = { ended: 0, passed: 0, moved: 0 };
  for (const queue of new Set(queues)) {
    serve(tx, worker, queue, limit, claimed, effort);
  }
  const { ended, passed, moved } = effort;
  // Fewer than asked for, and yet there may be more.
  if (ended >= MAX_ENDED || passed >= MAX_PASSED || moved >= MAX_MOVED) tx.news = true;
  return claimed;
}

/** What one claim has done that hands out nothing. */
interface Effort {
  ended: number;
  passed: number;
  moved: number;
}

interface QueueRow {
  turns: number;
  active: number;
  concurrency_limit: number | null;
  rate_limit: Rate | null;
  next_start: number;
}

/** Adds what may start of a queue, until `claimed` has as many as its limit. */
function serve(
  tx: Transaction,
  worker: string,
  name: string,
  limit: number,
  claimed: Claimed[],
  effort: Effort,
): void {
  const queue = tx.db.get<QueueRow>(
    `SELECT turns, active, concurrency_limit, rate_limit, next_start FROM queues
     WHERE name = ? AND ${CLAIMABLE}`,
    name,
    tx.now,
    tx.now,
  );
  if (!queue) return;
  const { rate_limit: rate, concurrency_limit: places } = queue;
  const first = claimed.length;
  let upTo = limit;
  if (places !== null) upTo = Math.min(upTo, first + places - queue.active);
  if (rate !== null) upTo = Math.min(upTo, first + startsNow(rate, queue.next_start, tx.now));
  const hasLanes = tx.db.get(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM lanes WHERE queue = ?1)
       OR EXISTS (SELECT 1 FROM gates WHERE queue = ?1)`,
    name,
  ) !== undefined;
  const gates = hasLanes && upTo > first ? openGates(tx, name, upTo - first) : [];
  let { turns } = queue;
  while (claimed.length < upTo && effort.ended < MAX_ENDED && effort.passed < MAX_PASSED) {
    const want = upTo - claimed.length;
    const levels = [...PRIORITIES.keys()]
      .map((priority) => new Level(tx, name, priority, want, hasLanes, effort));
    const sides = levels.reduce((sum, level) => sum + level.sides(), 0);
    if (sides === 0) break;
    const before = turns;
    if (sides > 1) turns += want;
    for (let i = 1; i <= want; i++) {
      const turn = before + i;
      const isLowTurn = sides > 1 && turn % LOW_TURN === 0;
      const lanesFirst = (isLowTurn ? turn / LOW_TURN : turn) % 2 === 0;
      const taken = takeFrom(isLowTurn ? levels.toReversed() : levels, lanesFirst);
      if (!taken) break;
      const { task } = taken;
      if (isExpired(task, tx.now)) {
        tx.endWithError(task, "REVOKED", "TaskRevokedError", "expired");
        effort.ended++;
      } else {
        claimed.push(start(tx, task, worker));
      }
      if (taken.isHead) endTurn(tx, task, taken.next);
    }
  }
  for (const scope of gates) closeGate(tx, name, scope);
  const starts = claimed.length - first;
  if (turns !== queue.turns) tx.db.run("UPDATE queues SET turns = ? WHERE name = ?", turns, name);
  if (rate === null) return;
  const next = starts > 0 ? nextStart(rate, queue.next_start, tx.now, starts) : queue.next_start;
  if (starts > 0) tx.db.run("UPDATE queues SET next_start = ? WHERE name = ?", next, name);
  if (next > tx.now && isWaiting(tx, name)) putGate(tx, name, "", next);
}

/** Whether anything of a queue could start if it were not for its rate. */
function isWaiting({ db }: Transaction, queue: string): boolean {
  return db.get(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_ready
         WHERE queue = ?1 AND status = 'PENDING' AND due IS NULL AND lane IS NULL)
       OR EXISTS (SELECT 1 FROM lanes WHERE queue = ?1)`,
    queue,
  ) !== undefined;
}

/** A task taken off its queue; `isHead` where it was the first of a lane, and then who comes next. */
type Taken = { task: TaskRow; isHead: false } | {
  task: TaskRow;
  isHead: true;
  next: TaskRow | undefined;
};

function takeFrom(levels: Level[], lanesFirst: boolean): Taken | undefined {
  for (const level of levels) {
    const taken = lanesFirst
      ? level.takeFromLanes() ?? level.takePlain()
      : level.takePlain() ?? level.takeFromLanes();
    if (taken) return taken;
  }
}

/** What waits in a queue with one priority: tasks that have no limit of their own, and lanes. */
class Level {
  #plain: TaskRow[] = [];
  /** Whether there may be more plain tasks in the database. */
  #more = true;
  #head: { lane: string; task: TaskRow; next: TaskRow | undefined } | undefined;

  constructor(
    private readonly tx: Transaction,
    private readonly queue: string,
    private readonly priority: number,
    private readonly want: number,
    private hasLanes: boolean,
    private readonly effort: Effort,
  ) {}

  /** In how many ways a task can be taken here now. */
  sides(): number {
    return (this.#findPlain() ? 1 : 0) + (this.#findHead() ? 1 : 0);
  }

  takePlain(): Taken | undefined {
    const task = this.#findPlain();
    if (!task) return undefined;
    this.#plain.shift();
    return { task, isHead: false };
  }

  takeFromLanes(): Taken | undefined {
    const head = this.#findHead();
    if (!head) return undefined;
    this.#head = undefined;
    return { task: head.task, isHead: true, next: head.next };
  }

  #findPlain(): TaskRow | undefined {
    while (true) {
      const [task] = this.#plain;
      if (!task) {
        if (!this.#more) return undefined;
        this.#plain = this.#readPlain();
        this.#more = this.#plain.length === this.want;
        continue;
      }
      if (isExpired(task, this.tx.now) || this.tx.limits.laneOf(task) === null) return task;
      if (this.effort.moved >= MAX_MOVED) return undefined;
      this.#moveToLanes();
    }
  }

  /** Names were given a limit after tasks of theirs had begun to wait. */
  #moveToLanes(): void {
    const { tx, queue, priority } = this;
    const moved = tx.db.all<{ lane: string }>(
      `UPDATE tasks SET lane = 'task ' || name WHERE n IN (
         SELECT n FROM tasks INDEXED BY tasks_ready WHERE queue = ? AND priority = ?
           AND status = 'PENDING' AND due IS NULL AND lane IS NULL ORDER BY position LIMIT ${MAX_MOVED}
       ) AND (rate_limit IS NOT NULL
         OR name IN (SELECT name FROM task_rates WHERE rate_limit IS NOT NULL)) RETURNING lane`,
      queue,
      priority,
    );
    for (const lane of new Set(moved.map(({ lane }) => lane))) {
      enterLane(tx, { queue, priority, lane }, "back");
    }
    this.effort.moved += moved.length;
    this.hasLanes = true;
    this.#head = undefined; // it may have got a successor
    this.#plain = [];
    this.#more = true;
  }

  /** A parameter that is a limit by itself would have SQLite prepare the statement anew each time. */
  #readPlain(): TaskRow[] {
    return this.tx.db.all(
      `SELECT * FROM tasks INDEXED BY tasks_ready WHERE queue = ? AND priority = ?
         AND status = 'PENDING' AND due IS NULL AND lane IS NULL ORDER BY position LIMIT ? + 0`,
      this.queue,
      this.priority,
      this.want,
    );
  }

  #findHead() {
    while (this.hasLanes && this.effort.passed < MAX_PASSED) {
      const head = this.#head ??= this.#readHead();
      if (!head) return undefined;
      const { task } = head;
      const waits = isExpired(task, this.tx.now) ? null : this.tx.limits.heldBy(task);
      if (waits === null) return head;
      putAside(this.tx, task, waits);
      this.#head = undefined;
      this.effort.passed++;
    }
  }

  #readHead() {
    const { tx, queue, priority } = this;
    while (this.effort.passed < MAX_PASSED) {
      const lane = nextLane(tx, queue, priority);
      if (lane === undefined) return undefined;
      const [task, next] = headOf(tx, queue, priority, lane);
      if (task) return { lane, task, next };
      endTurn(tx, { queue, priority, lane }, undefined);
      this.effort.passed++;
    }
  }
}

function isExpired({ expires }: TaskRow, now: number): boolean {
  return expires !== null && expires <= now;
}

function start(tx: Transaction, task: TaskRow, worker: string): Claimed {
  const token = task.deliveries + 1;
  const { attempt } = task;
  const { hard, soft } = tx.limits.timesOf(task);
  const seq = tx.emit(task, "STARTED", { worker, attempt });
  tx.countDuration("waited", task.name, Math.max(0, tx.now - task.ready));
  tx.move(task, "active");
  tx.limits.spend(task);
  if (task.unique_until === "start") releaseUnique(tx, task);
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
    timeLimit: hard,
    softTimeLimit: soft,
    onLost: task.on_lost,
  };
}
