/** A database file that is moved to another store: read from end to end, and closed to others. */

import { renameSync } from "node:fs";
import { BrokerRefusedError, BrokerUnavailableError } from "../broker.ts";
import type { StoredRun, StoredSchedule } from "../schedule_store.ts";
import type { Limits, StoredTask } from "../stored.ts";
import { isReady, PRIORITIES, type State, STATES } from "../wire.ts";
import { Database } from "./database.ts";
import { readTaskLimits } from "./reads.ts";
import { SqliteSchedules } from "./schedules.ts";
import type { TaskRow } from "./rows.ts";
import { Transaction } from "./transaction.ts";

const MAX_BATCH = 500;
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024;
const MAX_KEYS = 5000;
const MAX_SCHEDULES_AT_ONCE = 100;

export class Source {
  readonly #db: Database;
  /** What has expired by then is left behind. */
  readonly #now = Date.now();
  #closing: Promise<void> | undefined;

  /**
   * Opens a file for this process alone.
   * @throws {BrokerRefusedError} there is none, it is not ours, or others have it open
   */
  static async open(file: string): Promise<Source> {
    // Opening makes a file that is not there, and then there is nothing to move.
    if (!exists(file)) throw new BrokerRefusedError(`There is no file ${file}`);
    const source = new Source(file);
    try {
      await source.#lockOthersOut();
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  private constructor(readonly file: string) {
    this.#db = new Database(file);
  }

  /** How many tasks there are of each state. */
  counts(): Promise<Map<State, number>> {
    return this.#db.read(() => {
      const rows = this.#db.all<{ status: State; count: number }>(
        `SELECT status, count(*) AS count FROM tasks
         WHERE kept_until IS NULL OR kept_until > ? GROUP BY status`,
        this.#now,
      );
      return new Map(rows.map(({ status, count }) => [status, count]));
    });
  }

  /** All tasks, those of each state in their order, those that are ready last and as they queue. */
  async *tasks(): AsyncGenerator<StoredTask[]> {
    for (const status of STATES) {
      yield* this.#batches(
        `status = ? AND NOT (status = 'PENDING' AND due IS NULL)
           AND (kept_until IS NULL OR kept_until > ?) AND place > ? ORDER BY place`,
        ({ place }) => [place],
        [0],
        [status, this.#now],
      );
    }
    const levels = await this.#db.read(() =>
      this.#db.all<{ queue: string; priority: number }>(
        "SELECT DISTINCT queue, priority FROM tasks WHERE status = 'PENDING' AND due IS NULL",
      )
    );
    for (const { queue, priority } of levels) {
      yield* this.#batches(
        `queue = ? AND priority = ? AND status = 'PENDING' AND due IS NULL AND lane IS NULL
           AND position > ? ORDER BY position`,
        ({ position }) => [position],
        [0],
        [queue, priority],
      );
      yield* this.#batches(
        `queue = ? AND priority = ? AND status = 'PENDING' AND due IS NULL AND lane IS NOT NULL
           AND (lane, position) > (?, ?) ORDER BY lane, position`,
        ({ lane, position }) => [lane ?? "", position],
        ["", 0],
        [queue, priority],
      );
    }
  }

  /** The ids of the tasks that were accepted last, newest first. */
  async newest(limit: number): Promise<string[]> {
    const rows = await this.#db.read(() =>
      this.#db.all<{ id: string }>(
        `SELECT id FROM tasks WHERE kept_until IS NULL OR kept_until > ? ORDER BY n DESC LIMIT ?`,
        this.#now,
        limit,
      )
    );
    return rows.map(({ id }) => id);
  }

  async pausedQueues(): Promise<string[]> {
    const rows = await this.#db.read(() =>
      this.#db.all<{ name: string }>("SELECT name FROM queues WHERE paused = 1")
    );
    return rows.map(({ name }) => name);
  }

  /** The limits that were set at run time; null where there is none. */
  limits(): Promise<Limits> {
    return this.#db.read(() => ({
      queues: this.#db.all<Limits["queues"][number]>(
        `SELECT name, rate_limit AS rateLimit, concurrency_limit AS concurrencyLimit FROM queues
         WHERE rate_limit IS NOT NULL OR concurrency_limit IS NOT NULL`,
      ),
      tasks: readTaskLimits(this.#db).map(({ name, rate_limit, time_limit, soft_time_limit }) => ({
        name,
        ...(rate_limit !== null && { rateLimit: rate_limit }),
        ...(time_limit !== null && { timeLimit: time_limit }),
        ...(soft_time_limit !== null && { softTimeLimit: soft_time_limit }),
      })),
    }));
  }

  async *idempotencyKeys(): AsyncGenerator<{ key: string; id: string; until: number }[]> {
    let after = "";
    while (true) {
      const keys = await this.#db.read(() =>
        this.#db.all<{ key: string; id: string; until: number }>(
          "SELECT * FROM idempotency WHERE until > ? AND key > ? ORDER BY key LIMIT ?",
          this.#now,
          after,
          MAX_KEYS,
        )
      );
      if (keys.length > 0) yield keys;
      if (keys.length < MAX_KEYS) return;
      after = keys.at(-1)?.key ?? "";
    }
  }

  /** All schedules by name, each with its runs, the newest first. */
  async *schedules(): AsyncGenerator<(StoredSchedule & { runs: StoredRun[] })[]> {
    const store = new SqliteSchedules(this.#db, () => Promise.reject(new TypeError("only read")));
    let after = "";
    while (true) {
      const schedules = await store.list(after, MAX_SCHEDULES_AT_ONCE);
      const runs = await Promise.all(schedules.map(({ name }) => store.runs(name)));
      yield schedules.map((schedule, i) => ({ ...schedule, runs: runs[i] ?? [] }));
      const last = schedules.at(-1);
      if (!last) return;
      after = last.name;
    }
  }

  /** The records of who may come in. */
  async access(): Promise<[field: string, value: string][]> {
    const rows = await this.#db.read(() =>
      this.#db.all<{ field: string; value: string }>("SELECT field, value FROM access")
    );
    return rows.map(({ field, value }) => [field, value]);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#db.close();
  }

  /** Closes it and gives it another name, so that nothing goes on with it by mistake. */
  async retire(): Promise<string> {
    await this.close();
    const name = `${this.file}.migrated-${new Date().toISOString().replaceAll(/[-:]|\..*/g, "")}`;
    renameSync(this.file, name);
    return name;
  }

  /** Also takes back what workers that are gone still held: nobody else can be there to run it. */
  async #lockOthersOut(): Promise<void> {
    this.#db.get("PRAGMA locking_mode = EXCLUSIVE");
    try {
      await this.#db.write(() => {
        const tx = new Transaction(this.#db, { endedMs: 0, deadMs: 0 });
        const workers = this.#db.all<{ worker: string }>(
          "SELECT DISTINCT worker FROM tasks WHERE status IN ('STARTED', 'PROGRESS')",
        );
        for (const { worker } of workers) tx.dismiss(worker, false);
        tx.finish();
      });
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      throw new BrokerRefusedError(
        `${this.file} is in use: stop the serve, work and dev that have it open, then try again`,
      );
    }
  }

  /** @param where ends with comparing what `place` answers, and the order by it */
  async *#batches(
    where: string,
    place: (row: TaskRow) => (string | number)[],
    first: (string | number)[],
    values: (string | number)[],
  ): AsyncGenerator<StoredTask[]> {
    let after = first;
    while (true) {
      const { batch, last } = await this.#db.read(() => {
        const batch: StoredTask[] = [];
        let last = after;
        let characters = 0;
        const sql = `SELECT *, EXISTS (SELECT 1 FROM unique_keys WHERE key = unique_key AND task = n
             AND (typeof(unique_until) = 'text' OR unique_until > ?)) AS keeps
           FROM tasks WHERE ${where}`;
        const rows = this.#db.iterate<KeepingRow>(sql, this.#now, ...values, ...after);
        for (const row of rows) {
          const task = { ...toStored(row), events: this.#events(row.n) };
          batch.push(task);
          last = place(row);
          characters += task.args.length + (task.result?.length ?? 0);
          characters += task.events.reduce((sum, { length }) => sum + length, 0);
          if (batch.length === MAX_BATCH || characters >= MAX_BATCH_CHARACTERS) break;
        }
        return { batch, last };
      });
      after = last;
      if (batch.length === 0) return;
      yield batch;
    }
  }

  #events(task: number): string[] {
    return this.#db.all<{ body: string }>(
      "SELECT body FROM events WHERE task = ? ORDER BY seq",
      task,
    ).map(({ body }) => body);
  }
}

/** A task, and whether it keeps its unique key. */
type KeepingRow = TaskRow & { keeps: 0 | 1 };

function toStored(row: KeepingRow): Omit<StoredTask, "events"> {
  return {
    id: row.id,
    name: row.name,
    args: row.args,
    queue: row.queue,
    priority: PRIORITIES[row.priority] ?? "normal",
    status: row.status,
    stage: row.stage === null ? null : JSON.parse(row.stage),
    progress: row.progress,
    meta: row.meta,
    result: row.result,
    error: row.error,
    attempt: row.attempt,
    retries: row.retries,
    maxRetries: row.max_retries,
    deliveries: row.deliveries,
    lost: row.lost,
    worker: row.worker,
    schedule: row.schedule,
    timeLimit: row.time_limit,
    softTimeLimit: row.soft_time_limit,
    onLost: row.on_lost,
    concurrencyKey: row.concurrency_key,
    concurrencyLimit: row.concurrency_limit,
    rateLimit: row.rate_limit,
    uniqueKey: row.unique_key,
    uniqueUntil: row.keeps === 1 ? row.unique_until : null,
    created: row.created,
    ready: row.ready,
    eta: row.eta,
    expires: row.expires,
    started: row.started,
    finished: row.finished,
    due: row.due,
    keptUntil: isReady(row.status) ? row.kept_until : null,
    seq: row.seq,
  };
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    return true; // opening it tells better what is wrong
  }
}
