/** The broker on a SQLite file: one machine, any number of processes, nothing to install. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  Broker,
  BrokerOptions,
  Change,
  Claimed,
  EventListener,
  NewTask,
  Receipt,
  Report,
  Settlement,
  Subscription,
  TaskFilter,
  TaskPage,
  WorkerBeat,
  WorkerListener,
} from "../broker.ts";
import { InvalidCursorError } from "../broker.ts";
import { enqueues } from "../enqueues.ts";
import { acceptedEvent, iso, toEvent, toStats } from "../stored.ts";
import type { QueueInfo, Stats, Task, TaskEvent, WorkerInfo } from "../wire.ts";
import { Transaction } from "./transaction.ts";
import { Database } from "./database.ts";
import { ownerOf, removeMailbox } from "./mailbox.ts";
import { News } from "./news.ts";
import { type TaskRow, toTask } from "./rows.ts";
import { SqliteSchedules } from "./schedules.ts";
import {
  accept,
  claim,
  forget,
  hasReady,
  renewLease,
  report,
  retry,
  revoke,
  settle,
} from "./transitions.ts";
import { isReapDue, nextDue, promote, prune, reap } from "./upkeep.ts";

/** How long pruning may go on in one call. */
const PRUNE_FOR_MS = 250;
/** A page of a list ends early when it has looked at so many tasks or holds so many characters. */
const MAX_LOOKED = 5000;
const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024;

/** Not expired or forgotten; the parameter is the time. */
const SEEN = "(kept_until IS NULL OR kept_until > ?)";

export class SqliteBroker implements Broker {
  readonly schedules: SqliteSchedules;
  readonly #db: Database;
  readonly #news: News;
  readonly #options: BrokerOptions;
  readonly #enqueues = enqueues(async (tasks) => {
    const receipts = await this.#change((tx) => accept(tx, tasks));
    await nextTurn(); // for what else this turn of the event loop brings to go together
    return receipts;
  });
  #closing: Promise<void> | undefined;

  /**
   * @param file a path, or `:memory:` for a store that ends with this process
   * @throws {BrokerRefusedError} the file cannot be opened, or is none of ours
   */
  constructor(file: string, options: BrokerOptions) {
    this.#options = options;
    this.#db = new Database(file);
    this.#news = new News(this.#db);
    this.schedules = new SqliteSchedules(this.#db, (make) => this.#change(make));
  }

  get location(): string {
    return `sqlite:${this.#db.file}`;
  }

  enqueue(tasks: NewTask[]): Promise<Receipt[]> {
    return this.#enqueues.submit(tasks);
  }

  async get(id: string): Promise<Task | null> {
    const row = await this.#db.read(() => this.#row("id", id));
    return row ? toTask(row) : null;
  }

  /** The cursor is the place, or without a state the number, of the last task looked at. */
  async list({ state, name, queue, limit, cursor }: TaskFilter): Promise<TaskPage> {
    if (!/^(\d{1,15})?$/.test(cursor ?? "")) throw new InvalidCursorError(cursor);
    const order = state === undefined ? "n" : "place";
    const before = cursor ? Number(cursor) : Number.MAX_SAFE_INTEGER;
    return await this.#db.read(() => {
      const candidates = this.#db.iterate<
        { n: number; at: number; name: string; queue: string; kept_until: number | null }
      >(
        `SELECT n, ${order} AS at, name, queue, kept_until FROM tasks
         WHERE ${state === undefined ? "" : "status = ? AND"} ${order} < ?
         ORDER BY ${order} DESC`,
        ...(state === undefined ? [] : [state]),
        before,
      );
      const tasks: Task[] = [];
      let looked = 0;
      let characters = 0;
      for (const candidate of candidates) {
        looked++;
        if (
          (name ?? candidate.name) === candidate.name &&
          (queue ?? candidate.queue) === candidate.queue
        ) {
          const row = this.#row("n", candidate.n);
          if (row) tasks.push(toTask(row));
          characters += (row?.args.length ?? 0) + (row?.result?.length ?? 0);
        }
        if (tasks.length === limit || looked === MAX_LOOKED || characters >= MAX_PAGE_CHARACTERS) {
          return { tasks, cursor: String(candidate.at) };
        }
      }
      return { tasks, cursor: null };
    });
  }

  events(id: string, after: number): Promise<TaskEvent[] | null> {
    return this.#db.read(() => {
      const task = this.#db.get<{ n: number; name: string; created: number }>(
        `SELECT n, name, created FROM tasks WHERE id = ? AND ${SEEN}`,
        id,
        Date.now(),
      );
      if (!task) return null;
      const stored = this.#db.all<{ seq: number; body: string }>(
        "SELECT seq, body FROM events WHERE task = ? AND seq > ? ORDER BY seq",
        task.n,
        after,
      );
      const events = stored.map(({ seq, body }) => toEvent(id, seq, task.name, body));
      const complete = (events[0]?.seq ?? 2) === 2;
      return after < 1 && complete
        ? [acceptedEvent(id, task.name, task.created), ...events]
        : events;
    });
  }

  revoke(id: string): Promise<Change> {
    return this.#change((tx) => revoke(tx, id));
  }

  retry(id: string): Promise<Change> {
    return this.#change((tx) => retry(tx, id));
  }

  forget(id: string): Promise<Change> {
    return this.#change((tx) => forget(tx, id));
  }

  async claim(worker: string, queues: string[], limit: number): Promise<Claimed[]> {
    // A look costs nobody's turn to write.
    if (!await this.#db.read(() => queues.some((queue) => hasReady(this.#db, queue)))) return [];
    return this.#change((tx) => {
      renewLease(tx, worker, this.#options.leaseMs, this.#news.peers.id);
      return claim(tx, worker, queues, limit);
    });
  }

  report(worker: string, reports: Report[]): Promise<boolean[]> {
    return this.#change((tx) => reports.map((each) => report(tx, worker, each)));
  }

  settle(worker: string, settlements: Settlement[]): Promise<boolean[]> {
    return this.#change((tx) => settlements.map((each) => settle(tx, worker, each)));
  }

  async heartbeat({ name, ...info }: WorkerBeat): Promise<{ id: string; token: number }[]> {
    const peer = await this.#news.peers.join();
    return this.#change((tx) => {
      renewLease(tx, name, this.#options.leaseMs, peer);
      tx.db.run(
        "UPDATE workers SET heartbeat = ?, info = ? WHERE name = ?",
        tx.now,
        JSON.stringify(info),
        name,
      );
      // Another may have taken this process for gone.
      if (peer !== null) tx.db.run("INSERT OR IGNORE INTO peers VALUES (?)", peer);
      return tx.held(name).map(({ id, deliveries }) => ({ id, token: deliveries }));
    });
  }

  async leave(worker: string): Promise<void> {
    await this.#change((tx) => tx.dismiss(worker, false));
  }

  async reap(): Promise<number> {
    const own = await this.#news.peers.join();
    const { leaseMs } = this.#options;
    const { gone, isDue } = await this.#db.read(() => ({
      gone: this.#goneExcept(own),
      isDue: isReapDue(this.#db, Date.now(), leaseMs),
    }));
    if (!isDue && gone.length === 0) return 0;
    let { lost, more } = await this.#change((tx) => {
      for (const id of gone) tx.db.run("DELETE FROM peers WHERE id = ?", id);
      return { lost: reap(tx, leaseMs), more: prune(tx) };
    });
    if (this.#db.path !== null) { for (const id of gone) removeMailbox(this.#db.path, id); }
    const deadline = performance.now() + PRUNE_FOR_MS;
    while (more && performance.now() < deadline) {
      await nextTurn();
      more = await this.#change(prune);
    }
    return lost;
  }

  async promote(): Promise<number | null> {
    const due = await this.#db.read(() => nextDue(this.#db));
    if (due === null) return null;
    const wait = due - Date.now();
    return wait > 0 ? wait : await this.#change((tx) => promote(tx));
  }

  async pause(queue: string): Promise<void> {
    await this.#setPaused(queue, true);
  }

  async resume(queue: string): Promise<void> {
    await this.#setPaused(queue, false);
  }

  queues(): Promise<QueueInfo[]> {
    return this.#db.read(() => {
      const active = this.#runningBy("queue");
      return this.#db.all<{ name: string; paused: number; waiting: number; scheduled: number }>(
        `SELECT name, paused,
           (SELECT count(*) FROM tasks INDEXED BY tasks_ready
              WHERE queue = queues.name AND status = 'PENDING' AND due IS NULL) AS waiting,
           coalesce(scheduled, 0) AS scheduled
         FROM queues LEFT JOIN (SELECT queue, count(*) AS scheduled
           FROM tasks INDEXED BY tasks_scheduled WHERE due IS NOT NULL GROUP BY queue)
           ON queue = name ORDER BY name`,
      ).map(({ name, paused, waiting, scheduled }) => ({
        name,
        waiting,
        scheduled,
        active: active.get(name) ?? 0,
        paused: paused === 1,
      }));
    });
  }

  workers(): Promise<WorkerInfo[]> {
    return this.#db.read(() => {
      const active = this.#runningBy("worker");
      return this.#db.all<{ name: string; heartbeat: number; info: string }>(
        "SELECT name, heartbeat, info FROM workers WHERE info IS NOT NULL ORDER BY name",
      ).map(({ name, heartbeat, info }) => ({
        name,
        ...JSON.parse(info) as Omit<WorkerBeat, "name">,
        heartbeat_at: iso(heartbeat),
        active: active.get(name) ?? 0,
      }));
    });
  }

  async stats(): Promise<Stats> {
    const rows = await this.#db.read(() =>
      this.#db.all<{ field: string; value: number }>("SELECT field, value FROM stats")
    );
    return toStats(rows.map(({ field, value }) => [field, value]));
  }

  subscribe(listener: EventListener): Promise<Subscription> {
    return subscription(this.#news.subscribe(listener));
  }

  attend(worker: string, listener: WorkerListener): Promise<Subscription> {
    return subscription(this.#news.attend(worker, listener));
  }

  async ping(): Promise<void> {
    await this.#db.read(() => this.#db.get("SELECT 1 FROM state"));
  }

  close(): Promise<void> {
    return this.#closing ??= this.#news.close().then(() => this.#db.close());
  }

  async #change<T>(make: (tx: Transaction) => T): Promise<T> {
    const { tx, result } = await this.#db.write(() => {
      const tx = new Transaction(this.#db, this.#options.resultExpires * 1000);
      const result = make(tx);
      tx.finish();
      return { tx, result };
    });
    if (tx.news) this.#news.changed();
    return result;
  }

  /** How many tasks are running, by queue or by worker. */
  #runningBy(column: "queue" | "worker"): Map<string, number> {
    const rows = this.#db.all<{ key: string; count: number }>(
      `SELECT ${column} AS key, count(*) AS count FROM tasks
       WHERE status IN ('STARTED', 'PROGRESS') GROUP BY key`,
    );
    return new Map(rows.map(({ key, count }) => [key, count]));
  }

  #row(by: "id" | "n", value: string | number): TaskRow | undefined {
    return this.#db.get(`SELECT * FROM tasks WHERE ${by} = ? AND ${SEEN}`, value, Date.now());
  }

  /** The other processes that have ended without saying so. */
  #goneExcept(own: string | null): string[] {
    const { path } = this.#db;
    if (path === null) return [];
    const others = this.#db.all<{ id: string; works: number }>(
      `SELECT id, EXISTS (SELECT 1 FROM workers WHERE peer = peers.id) AS works FROM peers
       WHERE id IS NOT ?`,
      own,
    );
    return others.filter(({ id, works }) => {
      const owner = ownerOf(path, id);
      // Where there is no file to tell, a worker's lease does.
      return owner === "gone" || (owner === "unknown" && works === 0);
    }).map(({ id }) => id);
  }

  async #setPaused(queue: string, paused: boolean): Promise<void> {
    await this.#change((tx) => {
      tx.db.run(
        `INSERT INTO queues (name, paused) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET paused = excluded.paused`,
        queue,
        paused ? 1 : 0,
      );
      tx.news = true;
    });
  }
}

async function subscription(closing: Promise<() => void>): Promise<Subscription> {
  const close = await closing;
  return { close: () => Promise.resolve(close()) };
}
