/**
 * A transaction that changes the database: what the steps of every transition share. It gathers what
 * is written once, at its end: counters, statistics, limits, and whether there is something to tell.
 */

import { brief, BUCKETS_MS, type StoredEvent } from "../stored.ts";
import type { ReadyState, TaskError } from "../wire.ts";
import type { Database } from "./database.ts";
import { enterLane, freePlace, leaveLane } from "./lanes.ts";
import { Limits } from "./limits.ts";
import { BRIEF, type BriefRow } from "./rows.ts";
import { releaseUnique } from "./unique.ts";

/** Events kept per task; older ones are cut off. */
const MAX_EVENTS = 1000;
/** How many at a time. */
const CUT_EVENTS = 100;
/** A task whose worker was lost this often has failed. */
const MAX_LOST = 3;

type EventDetail = Partial<Omit<StoredEvent, "status" | "at">>;

/** How its queue counts a task. */
type Place = "waiting" | "scheduled" | "active";

/** How long ended tasks are kept. */
export interface Retention {
  endedMs: number;
  /** Those that have failed, at least. */
  deadMs: number;
}

export class Transaction {
  readonly now = Date.now();
  readonly limits: Limits;
  /** Whether anything happened that others may wait for. */
  news = false;
  #counter: number | undefined;
  readonly #counts = new Map<string, number>();
  readonly #queues = new Map<string, Record<Place, number>>();

  constructor(readonly db: Database, readonly retention: Retention) {
    this.limits = new Limits(db, this.now);
  }

  /** The next number of all. */
  number(): number {
    this.#counter ??= this.db.get<{ counter: number }>("SELECT counter FROM state")?.counter ?? 0;
    return ++this.#counter;
  }

  /** Writes what was gathered. */
  finish(): void {
    for (const [queue, { waiting, scheduled, active }] of this.#queues) {
      this.db.run(
        `INSERT INTO queues (name, waiting, scheduled, active) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET waiting = waiting + excluded.waiting,
           scheduled = scheduled + excluded.scheduled, active = active + excluded.active`,
        queue,
        waiting,
        scheduled,
        active,
      );
    }
    this.limits.finish();
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

  /** Counts a new task. */
  enter(queue: string, to: Place): void {
    this.#places(queue)[to]++;
  }

  /** Counts a task, as it was loaded, elsewhere from now on; null where it does not count. */
  move(task: BriefRow, to: Place | null): void {
    const places = this.#places(task.queue);
    const from = placeOf(task);
    if (from !== null) places[from]--;
    if (to !== null) places[to]++;
    const { concurrency_key: key } = task;
    if (key === null || from === to) return;
    if (to === "active") this.limits.run(key, 1);
    if (from !== "active") return;
    this.limits.run(key, -1);
    freePlace(this, key);
  }

  /** Makes a task that is not running ready again. In front it keeps its old place in the queue. */
  makeReady(task: BriefRow, at: number, where: "front" | "back"): void {
    const lane = this.limits.laneOf(task);
    this.move(task, "waiting");
    this.db.run(
      `UPDATE tasks SET status = 'PENDING', due = NULL, ready = ?, seq = ?, lane = ?,
         position = coalesce(?, position), worker = NULL, started = NULL, progress = 0,
         stage = NULL, meta = NULL WHERE n = ?`,
      at,
      this.emit(task, "PENDING"),
      lane,
      where === "back" ? this.number() : null,
      task.n,
    );
    enterLane(this, { ...task, lane }, where);
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
    this.move(task, null);
    const { endedMs, deadMs } = this.retention;
    const isDead = status === "FAILURE" && deadMs > endedMs;
    // Who is answered with this task can look at it as long as its key keeps others out.
    const isTimed = typeof task.unique_until === "number" && status !== "REVOKED";
    if (!isTimed) releaseUnique(this, task);
    const keptUntil = this.now + (isDead ? deadMs : endedMs);
    this.db.run(
      `UPDATE tasks SET status = ?, result = ?, error = ?, finished = ?, seq = ?, place = ?,
         due = NULL, dead = ?, kept_until = ? WHERE n = ?`,
      status,
      result,
      error,
      this.now,
      seq,
      this.number(),
      isDead ? 1 : null,
      isTimed ? Math.max(keptUntil, Number(task.unique_until)) : keptUntil,
      task.n,
    );
    if (placeOf(task) === "waiting") leaveLane(this, task);
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
      if (lost && task.on_lost === "fail") {
        const message = `its worker ${worker} was lost, and it may not run twice`;
        this.endWithError(task, "FAILURE", "WorkerLostError", message);
      } else if (lost && task.lost + 1 >= MAX_LOST) {
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

  countDuration(kind: "ran" | "waited", name: string, ms: number): void {
    this.count(`${kind} ${BUCKETS_MS.find((bound) => ms <= bound) ?? "more"} ${name}`);
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
  remove(task: Removable): void {
    this.cutEvents(task.n, task.seq);
    releaseUnique(this, task);
    this.db.run("DELETE FROM tasks WHERE n = ?", task.n);
  }

  #places(queue: string): Record<Place, number> {
    let places = this.#queues.get(queue);
    if (!places) {
      places = { waiting: 0, scheduled: 0, active: 0 };
      this.#queues.set(queue, places);
    }
    return places;
  }
}

/** What has to be known of a task to delete it. */
export type Removable = Pick<BriefRow, "n" | "seq" | "unique_key">;
export const REMOVABLE = "n, seq, unique_key";

function placeOf(task: Pick<BriefRow, "status" | "due">): Place | null {
  if (isRunning(task)) return "active";
  if (task.due !== null) return "scheduled";
  return task.status === "PENDING" ? "waiting" : null;
}

export function isRunning({ status }: Pick<BriefRow, "status">): boolean {
  return status === "STARTED" || status === "PROGRESS";
}
