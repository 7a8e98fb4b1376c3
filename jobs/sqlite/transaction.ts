/**
 * A transaction that changes the database: what the steps of every transition share. It gathers what
 * is written once, at its end: the counter, the statistics, and whether there is something to tell.
 */

import { brief, type StoredEvent } from "../stored.ts";
import { DURATION_BUCKETS, type ReadyState, type TaskError } from "../wire.ts";
import type { Database } from "./database.ts";
import { BRIEF, type BriefRow } from "./rows.ts";

/** Events kept per task; older ones are cut off. */
const MAX_EVENTS = 1000;
/** How many at a time. */
const CUT_EVENTS = 100;
/** A task whose worker was lost this often has failed. */
const MAX_LOST = 3;

type EventDetail = Partial<Omit<StoredEvent, "status" | "at">>;

export class Transaction {
  readonly now = Date.now();
  /** Whether anything happened that others may wait for. */
  news = false;
  #counter: number | undefined;
  readonly #counts = new Map<string, number>();

  /** @param ttlMs how long an ended task is kept */
  constructor(readonly db: Database, private readonly ttlMs: number) {}

  /** The next number of all. */
  number(): number {
    this.#counter ??= this.db.get<{ counter: number }>("SELECT counter FROM state")?.counter ?? 0;
    return ++this.#counter;
  }

  /** Writes what was gathered. */
  finish(): void {
    for (const [field, by] of this.#counts) {
      this.db.run(
        `INSERT INTO stats VALUES (?, ?)
         ON CONFLICT (field) DO UPDATE SET value = value + excluded.value`,
        field,
        by,
      );
    }
    if (this.#counter !== undefined) this.db.run("UPDATE state SET counter = ?", this.#counter);
  }

  load(id: string): BriefRow | undefined {
    return this.db.get(
      `SELECT ${BRIEF} FROM tasks WHERE id = ? AND (kept_until IS NULL OR kept_until > ?)`,
      id,
      this.now,
    );
  }

  /** The task if this claim on it holds: it runs, for this worker, under its latest token. */
  loadClaimed(id: string, worker: string, token: number): BriefRow | undefined {
    const task = this.load(id);
    const holds = task && isRunning(task) && task.worker === worker && task.deliveries === token;
    return holds ? task : undefined;
  }

  /** What a worker runs. */
  held(worker: string): BriefRow[] {
    return this.db.all(
      `SELECT ${BRIEF} FROM tasks WHERE status IN ('STARTED', 'PROGRESS') AND worker = ?`,
      worker,
    );
  }

  /** Stores the next event of a task; the caller stores the task's new `seq`, which it answers. */
  emit(task: BriefRow, status: StoredEvent["status"], detail: EventDetail = {}): number {
    const seq = task.seq + 1;
    const { progress = 0, stage = null, ...rest } = detail;
    const body = JSON.stringify({ status, progress, stage, ...rest, at: this.now });
    this.db.run("INSERT INTO events VALUES (?, ?, ?, ?)", this.number(), task.n, seq, body);
    if (seq > MAX_EVENTS && seq % CUT_EVENTS === 0) this.cutEvents(task.n, seq - MAX_EVENTS);
    this.news = true;
    return seq;
  }

  /** Makes a task that is not running ready again. In front it keeps its old place in the queue. */
  makeReady(task: BriefRow, at: number, where: "front" | "back"): void {
    this.db.run(
      `UPDATE tasks SET status = 'PENDING', due = NULL, ready = ?, seq = ?,
         position = coalesce(?, position), worker = NULL, started = NULL, progress = 0,
         stage = NULL, meta = NULL WHERE n = ?`,
      at,
      this.emit(task, "PENDING"),
      where === "back" ? this.number() : null,
      task.n,
    );
  }

  /** Ends a task. `result` and `error` are JSON. */
  end(
    task: BriefRow,
    status: ReadyState,
    { result = null, error = null, detail = {} }: {
      result?: string | null;
      error?: string | null;
      detail?: EventDetail;
    },
  ): void {
    const progress = status === "SUCCESS" ? 100 : task.progress;
    const stage = task.stage === null ? null : JSON.parse(task.stage);
    const seq = this.emit(task, status, { progress, stage, ...detail });
    this.count(`outcome ${status} ${task.queue} ${task.name}`);
    this.db.run(
      `UPDATE tasks SET status = ?, result = ?, error = ?, finished = ?, seq = ?, place = ?,
         due = NULL, kept_until = ? WHERE n = ?`,
      status,
      result,
      error,
      this.now,
      seq,
      this.number(),
      this.now + this.ttlMs,
      task.n,
    );
  }

  endWithError(task: BriefRow, status: ReadyState, type: string, message: string): void {
    const error: TaskError = { type, message, stack: null };
    this.end(task, status, { error: JSON.stringify(error), detail: { error: brief(error) } });
  }

  /** Gives back all that a worker holds, to the front of their queues, and forgets the worker. */
  dismiss(worker: string, lost: boolean): number {
    const held = this.held(worker);
    for (const task of held) {
      if (lost) this.db.run("UPDATE tasks SET lost = lost + 1 WHERE n = ?", task.n);
      if (lost && task.lost + 1 >= MAX_LOST) {
        const message = `its worker was lost ${task.lost + 1} times, last ${worker}`;
        this.endWithError(task, "FAILURE", "WorkerLostError", message);
      } else {
        this.makeReady(task, this.now, "front");
      }
    }
    this.db.run("DELETE FROM workers WHERE name = ?", worker);
    return held.length;
  }

  count(field: string, by = 1): void {
    this.#counts.set(field, (this.#counts.get(field) ?? 0) + by);
  }

  countDuration(kind: "run" | "wait", name: string, ms: number): void {
    const bucket = DURATION_BUCKETS.findIndex((bound) => ms <= bound * 1000);
    this.count(`${kind} ${(bucket < 0 ? DURATION_BUCKETS.length : bucket) + 1} ${name}`);
    this.count(`${kind} ms ${name}`, ms);
  }

  /** Deletes a task's events up to a number, and notes it for readers that are behind. */
  cutEvents(task: number, upTo: number): void {
    this.db.run(
      `UPDATE state SET pruned = max(pruned,
         (SELECT coalesce(max(n), 0) FROM events WHERE task = ? AND seq <= ?))`,
      task,
      upTo,
    );
    this.db.run("DELETE FROM events WHERE task = ? AND seq <= ?", task, upTo);
  }

  /** Deletes a task with its events. */
  remove({ n, seq }: Pick<BriefRow, "n" | "seq">): void {
    this.cutEvents(n, seq);
    this.db.run("DELETE FROM tasks WHERE n = ?", n);
  }
}

export function isRunning({ status }: Pick<BriefRow, "status">): boolean {
  return status === "STARTED" || status === "PROGRESS";
}
