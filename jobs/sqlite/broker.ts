/** The broker on a SQLite file: one machine, any number of processes, nothing to install. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { GroupCommit } from "../../lib/group_commit.ts";
import type {
  Broker,
  BrokerOptions,
  Change as Answer,
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
import { acceptedEvent, iso, toEvent, toStats } from "../stored.ts";
import type { QueueInfo, Stats, Task, TaskEvent, WorkerInfo } from "../wire.ts";
import { Change } from "./change.ts";
import { Database } from "./database.ts";
import { isAbandoned } from "./mailbox.ts";
import { News } from "./news.ts";
import { type TaskRow, toTask } from "./rows.ts";
import {
  accept,
  claim,
  forget,
  hasReady,
  nextDue,
  promote,
  prune,
  reap,
  reapedAt,
  renewLease,
  report,
  retry,
  revoke,
  settle,
} from "./transitions.ts";

/** Tasks of several calls that go into one transaction. */
const MAX_ENQUEUED_TOGETHER = 1000;
/** One process in this time checks for workers that are gone. */
const REAP_EVERY_MS = 450;
/** How long pruning may go on in one call. */
const PRUNE_FOR_MS = 50;
/** A page of a list ends early when it has looked at so many tasks or holds so many characters. */
const MAX_LOOKED = 5000;
const MAX_PAGE_CHARACTERS = 4 * 1024 * 1024;

/** Not expired or forgotten; the parameter is the time. */
const SEEN = "(kept_until IS NULL OR kept_until > ?)";

export class SqliteBroker implements Broker {
  readonly #db: Database;
  readonly #news: News;
  readonly #options: BrokerOptions;
  readonly #enqueues = new GroupCommit<NewTask, Receipt>(
    async (tasks) => {
      const receipts = await this.#change((change) => accept(change, tasks));
      await nextTurn(); // for what else this turn of the event loop brings to go together
      return receipts;
    },
    () => 1,
    MAX_ENQUEUED_TOGETHER,
  );
  #closing: Promise<void> | undefined;

  /**
   * @param file a path, or `:memory:` for a store that ends with this process
   * @throws {BrokerRefusedError} the file cannot be opened, or is none of ours
   */
  constructor(file: string, options: BrokerOptions) {
    this.#options = options;
    this.#db = new Database(file);
    this.#news = new News(this.#db);
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
  list({ state, name, queue, limit, cursor }: TaskFilter): Promise<TaskPage> {
    const order = state === undefined ? "n" : "place";
    const before = Number(cursor ?? NaN);
    return this.#db.read(() => {
      const candidates = this.#db.iterate<
        { n: number; at: number; name: string; queue: string }
      >(
        `SELECT n, ${order} AS at, name, queue FROM tasks
         WHERE ${state === undefined ? "" : "status = ? AND"} ${order} < ? AND ${SEEN}
         ORDER BY ${order} DESC`,
        ...(state === undefined ? [] : [state]),
        Number.isFinite(before) ? before : Number.MAX_SAFE_INTEGER,
        Date.now(),
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

  revoke(id: string): Promise<Answer> {
    return this.#change((change) => revoke(change, id));
  }

  retry(id: string): Promise<Answer> {
    return this.#change((change) => retry(change, id));
  }

  forget(id: string): Promise<Answer> {
    return this.#change((change) => forget(change, id));
  }

  async claim(worker: string, queues: string[], limit: number): Promise<Claimed[]> {
    // A look costs nobody's turn to write.
    if (!await this.#db.read(() => queues.some((queue) => hasReady(this.#db, queue)))) return [];
    return this.#change((change) => {
      renewLease(change, worker, this.#options.leaseMs);
      return claim(change, worker, queues, limit);
    });
  }

  report(worker: string, reports: Report[]): Promise<boolean[]> {
    return this.#change((change) => reports.map((each) => report(change, worker, each)));
  }

  settle(worker: string, settlements: Settlement[]): Promise<boolean[]> {
    return this.#change((change) => settlements.map((each) => settle(change, worker, each)));
  }

  async heartbeat({ name, ...info }: WorkerBeat): Promise<{ id: string; token: number }[]> {
    const peer = await this.#news.join();
    return this.#change((change) => {
      renewLease(change, name, this.#options.leaseMs);
      change.db.run(
        "UPDATE workers SET heartbeat = ?, info = ?, peer = ? WHERE name = ?",
        change.now,
        JSON.stringify(info),
        peer,
        name,
      );
      // Another may have taken this process for gone.
      if (peer !== null) change.db.run("INSERT OR IGNORE INTO peers VALUES (?)", peer);
      return change.held(name).map(({ id, deliveries }) => ({ id, token: deliveries }));
    });
  }

  async leave(worker: string): Promise<void> {
    await this.#change((change) => change.dismiss(worker, false));
  }

  async reap(): Promise<number> {
    const { reaped, peers } = await this.#db.read(() => ({
      reaped: reapedAt(this.#db),
      peers: this.#db.all<{ id: string }>("SELECT id FROM peers"),
    }));
    const elapsed = Date.now() - reaped;
    // A clock that was set back must not stop it.
    if (elapsed >= 0 && elapsed < REAP_EVERY_MS) return 0;
    const own = await this.#news.join();
    const gone = peers.filter(({ id }) => id !== own && isAbandoned(this.#db.file, id));
    let { lost, more } = await this.#change((change) => {
      for (const { id } of gone) change.db.run("DELETE FROM peers WHERE id = ?", id);
      return { lost: reap(change, this.#options.leaseMs), more: prune(change) };
    });
    const deadline = performance.now() + PRUNE_FOR_MS;
    while (more && performance.now() < deadline) more = await this.#change(prune);
    return lost;
  }

  async promote(): Promise<number | null> {
    const due = await this.#db.read(() => nextDue(this.#db));
    if (due === null) return null;
    const wait = due - Date.now();
    return wait > 0 ? wait : await this.#change((change) => promote(change));
  }

  async pause(queue: string): Promise<void> {
    await this.#setPaused(queue, true);
  }

  async resume(queue: string): Promise<void> {
    await this.#setPaused(queue, false);
  }

  queues(): Promise<QueueInfo[]> {
    const counts = (where: string) =>
      new Map(
        this.#db.all<{ queue: string; count: number }>(
          `SELECT queue, count(*) AS count FROM tasks WHERE ${where} GROUP BY queue`,
        ).map(({ queue, count }) => [queue, count]),
      );
    return this.#db.read(() => {
      const waiting = counts("status = 'PENDING' AND due IS NULL");
      const scheduled = counts("due IS NOT NULL");
      const active = counts("status IN ('STARTED', 'PROGRESS')");
      return this.#db.all<{ name: string; paused: number }>(
        "SELECT name, paused FROM queues ORDER BY name",
      ).map(({ name, paused }) => ({
        name,
        waiting: waiting.get(name) ?? 0,
        scheduled: scheduled.get(name) ?? 0,
        active: active.get(name) ?? 0,
        paused: paused === 1,
      }));
    });
  }

  async workers(): Promise<WorkerInfo[]> {
    const rows = await this.#db.read(() =>
      this.#db.all<{ name: string; heartbeat: number; info: string; active: number }>(
        `SELECT name, heartbeat, info, (SELECT count(*) FROM tasks
           WHERE status IN ('STARTED', 'PROGRESS') AND worker = workers.name) AS active
         FROM workers WHERE info IS NOT NULL ORDER BY name`,
      )
    );
    return rows.map(({ name, heartbeat, info, active }) => ({
      name,
      ...JSON.parse(info) as Omit<WorkerBeat, "name">,
      heartbeat_at: iso(heartbeat),
      active,
    }));
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
    await this.#db.read(() => reapedAt(this.#db));
  }

  close(): Promise<void> {
    return this.#closing ??= this.#news.close().then(() => this.#db.close());
  }

  async #change<T>(make: (change: Change) => T): Promise<T> {
    const { change, result } = await this.#db.write(() => {
      const change = new Change(this.#db, this.#options.resultExpires * 1000);
      const result = make(change);
      change.finish();
      return { change, result };
    });
    if (change.news) this.#news.changed();
    return result;
  }

  #row(by: "id" | "n", value: string | number): TaskRow | undefined {
    return this.#db.get(`SELECT * FROM tasks WHERE ${by} = ? AND ${SEEN}`, value, Date.now());
  }

  async #setPaused(queue: string, paused: boolean): Promise<void> {
    await this.#change((change) => {
      change.db.run(
        `INSERT INTO queues (name, paused) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET paused = excluded.paused`,
        queue,
        paused ? 1 : 0,
      );
      change.news = true;
    });
  }
}

async function subscription(closing: Promise<() => void>): Promise<Subscription> {
  const close = await closing;
  return { close: () => Promise.resolve(close()) };
}
