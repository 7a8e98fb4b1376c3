/** Schedules in a SQLite file. */

import type { Receipt } from "../broker.ts";
import {
  MAX_RUNS,
  MAX_SCHEDULES,
  type ScheduleStep,
  type ScheduleStore,
  type StoredRun,
  type StoredSchedule,
  TURN_MS,
} from "../schedule_store.ts";
import type { Database } from "./database.ts";
import type { Transaction } from "./transaction.ts";
import { accept } from "./transitions.ts";

interface Turn {
  holder: string;
  until: number;
}

interface Row {
  name: string;
  revision: number;
  body: string;
  in_code: number;
  next: number | null;
  last_due: number | null;
  last_task: string | null;
}

export class SqliteSchedules implements ScheduleStore {
  readonly #id = crypto.randomUUID();

  /** @param change makes a change in a transaction and tells of it */
  constructor(
    private readonly db: Database,
    private readonly change: <T>(make: (tx: Transaction) => T) => Promise<T>,
  ) {}

  now(): Promise<number> {
    return Promise.resolve(Date.now());
  }

  async get(name: string): Promise<StoredSchedule | null> {
    return (await this.#select("WHERE name = ?", name))[0] ?? null;
  }

  list(after: string, limit: number): Promise<StoredSchedule[]> {
    return this.#select("WHERE name > ? ORDER BY name LIMIT ?", after, limit);
  }

  inCode(): Promise<StoredSchedule[]> {
    return this.#select("WHERE in_code = 1");
  }

  put(
    { name, body, inCode, next }: Pick<StoredSchedule, "name" | "body" | "inCode" | "next">,
    revision: number | null,
  ): Promise<"stored" | "changed" | "full"> {
    return this.change((tx) => {
      if (revisionOf(tx, name) !== revision) return "changed";
      if (revision === null && count(tx) >= MAX_SCHEDULES) return "full";
      tx.db.run(
        `INSERT INTO schedules (name, revision, body, in_code, next) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, body = excluded.body,
           in_code = excluded.in_code, next = excluded.next`,
        name,
        tx.number(),
        body,
        inCode ? 1 : 0,
        next,
      );
      tx.news = true;
      return "stored";
    });
  }

  remove(name: string, revision: number): Promise<boolean> {
    return this.change((tx) => {
      if (revisionOf(tx, name) !== revision) return false;
      tx.db.run("DELETE FROM schedules WHERE name = ?", name);
      tx.db.run("DELETE FROM schedule_runs WHERE schedule = ?", name);
      return true;
    });
  }

  async due(limit: number) {
    const look = () => {
      const now = Date.now();
      const sql = "SELECT min(next) AS next FROM schedules WHERE next > ?";
      const next = this.db.get<{ next: number | null }>(sql, now)?.next ?? null;
      const isDue = this.db.get("SELECT 1 FROM schedules WHERE next <= ? LIMIT 1", now);
      // A clock that was set back must not make a turn long.
      const turn = this.db.get<Turn>(
        "SELECT holder, until FROM scheduling WHERE until > ? AND until <= ?",
        now,
        now + TURN_MS,
      );
      const isOthers = turn !== undefined && turn.holder !== this.#id;
      const until = isDue && isOthers ? Math.min(next ?? Infinity, turn.until) : next;
      const waitMs = until === null ? null : until - now;
      return { now, waitMs, isDue, isOthers, turn };
    };
    const { isDue, isOthers, turn, ...none } = await this.db.read(look);
    // A look costs nobody's turn to write.
    if ((isDue && isOthers) || (!isDue && (!turn || isOthers))) return { ...none, schedules: [] };
    return this.change((tx) => {
      const { now, waitMs, isDue, isOthers } = look();
      if (isDue && isOthers) return { now, waitMs, schedules: [] };
      tx.db.run("DELETE FROM scheduling");
      if (!isDue) return { now, waitMs, schedules: [] };
      tx.db.run("INSERT INTO scheduling VALUES (?, ?)", this.#id, now + TURN_MS);
      const sql = "SELECT * FROM schedules WHERE next <= ? ORDER BY next LIMIT ?";
      return { now, waitMs, schedules: tx.db.all<Row>(sql, now, limit).map(toSchedule) };
    });
  }

  async advance(steps: ScheduleStep[]): Promise<(Receipt[] | null)[]> {
    // A look costs nobody's turn to write: often another process was faster.
    const hold = await this.db.read(() => steps.map((step) => holds(this.db, step)));
    if (!hold.includes(true)) return steps.map(() => null);
    return this.change((tx) => steps.map((step) => advance(tx, step)));
  }

  async runs(name: string): Promise<StoredRun[]> {
    const rows = await this.db.read(() =>
      this.db.all<{ body: string }>(
        "SELECT body FROM schedule_runs WHERE schedule = ? ORDER BY n DESC LIMIT ?",
        name,
        MAX_RUNS,
      )
    );
    return rows.map(({ body }) => JSON.parse(body) as StoredRun);
  }

  async #select(where: string, ...values: (string | number)[]): Promise<StoredSchedule[]> {
    const sql = `SELECT * FROM schedules ${where}`;
    return (await this.db.read(() => this.db.all<Row>(sql, ...values))).map(toSchedule);
  }
}

function advance(tx: Transaction, step: ScheduleStep): Receipt[] | null {
  if (!holds(tx.db, step)) return null;
  const { name, ticks, skipped } = step;
  const at = tx.now;
  for (const { due, until, reason } of skipped) {
    keepRun(tx, name, { due, at, skipped: reason, until });
  }
  const receipts = accept(tx, ticks.map(({ task }) => task));
  for (const [i, { due, task }] of ticks.entries()) {
    const { id, created } = receipts[i] ?? { id: task.id, created: false };
    if (created) tx.db.run("UPDATE tasks SET schedule = ? WHERE id = ?", name, id);
    keepRun(tx, name, { due, at, task: id, ...(id !== task.id && { kept: true }) });
    if (due === null) continue;
    tx.db.run("UPDATE schedules SET last_due = ?, last_task = ? WHERE name = ?", due, id, name);
  }
  tx.db.run("UPDATE schedules SET next = ? WHERE name = ?", step.next, name);
  tx.db.run(
    `DELETE FROM schedule_runs WHERE schedule = ? AND n <= (
       SELECT n FROM schedule_runs WHERE schedule = ? ORDER BY n DESC LIMIT 1 OFFSET ?)`,
    name,
    name,
    MAX_RUNS,
  );
  return receipts;
}

function keepRun(tx: Transaction, schedule: string, run: StoredRun): void {
  const values = [tx.number(), schedule, JSON.stringify(run)];
  tx.db.run("INSERT INTO schedule_runs VALUES (?, ?, ?)", ...values);
}

function holds(db: Database, { name, revision, due }: ScheduleStep): boolean {
  return db.get(
    "SELECT 1 FROM schedules WHERE name = ? AND revision = ? AND next IS ?",
    name,
    revision,
    due,
  ) !== undefined;
}

function revisionOf(tx: Transaction, name: string): number | null {
  const sql = "SELECT revision FROM schedules WHERE name = ?";
  return tx.db.get<{ revision: number }>(sql, name)?.revision ?? null;
}

function count(tx: Transaction): number {
  return tx.db.get<{ count: number }>("SELECT count(*) AS count FROM schedules")?.count ?? 0;
}

function toSchedule({ name, revision, body, in_code, next, ...last }: Row): StoredSchedule {
  const { last_due: due, last_task: task } = last;
  return {
    name,
    revision,
    body,
    inCode: in_code === 1,
    next,
    last: due === null || task === null ? null : { due, task },
  };
}
