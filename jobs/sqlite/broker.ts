/** The broker on a SQLite file: one machine, any number of processes, nothing to install. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  Broker,
  BrokerOptions,
  Change,
  Claimed,
  EventListener,
  NamedTaskLimits,
  NewTask,
  QueueLimits,
  QueueState,
  Receipt,
  Report,
  Settlement,
  Subscription,
  TaskLimits,
  TaskPage,
  TaskQuery,
  Walk,
  WalkStep,
  WorkerBeat,
  WorkerListener,
} from "../broker.ts";
import { enqueues } from "../enqueues.ts";
import { toStats } from "../stored.ts";
import type {
  BrokerFacts,
  Stats,
  SummaryPage,
  Task,
  TaskCounts,
  TaskEvent,
  WorkerInfo,
} from "../wire.ts";
import { SqliteAccess } from "./access.ts";
import { claim, isClaimable, renewLease } from "./claim.ts";
import { SqliteCommands } from "./commands.ts";
import { readCounts, readOldestWaits } from "./counts.ts";
import { Database } from "./database.ts";
import { readFacts } from "./facts.ts";
import { ownerOf, removeMailbox } from "./mailbox.ts";
import { News } from "./news.ts";
import { limitQueue, limitTask, type Purge, purge, setPaused } from "./queues.ts";
import { SqliteSamples } from "./samples.ts";
import { SqliteSchedules } from "./schedules.ts";
import { readPage, readSummaries, walk } from "./search.ts";
import {
  readEvents,
  readPosition,
  readQueues,
  readTask,
  readTaskLimits,
  readWorkers,
} from "./reads.ts";
import { Transaction } from "./transaction.ts";
import { accept, forget, report, retry, revoke, settle } from "./transitions.ts";
import { isReapDue, nextDue, promote, prune, reap } from "./upkeep.ts";

/** How long pruning may go on in one call. */
const PRUNE_FOR_MS = 250;
export class SqliteBroker implements Broker {
  readonly samples: SqliteSamples;
  readonly schedules: SqliteSchedules;
  readonly access: SqliteAccess;
  readonly commands = new SqliteCommands((make) => this.#change(make));
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
    this.samples = new SqliteSamples(this.#db, (make) => this.#change(make));
    this.schedules = new SqliteSchedules(this.#db, (make) => this.#change(make));
    this.access = new SqliteAccess(this.#db, (make) => this.#change(make));
  }

  get location(): string {
    return `sqlite:${this.#db.file}`;
  }

  get answeredAt(): number | null {
    return this.#db.answeredAt;
  }

  enqueue(tasks: NewTask[]): Promise<Receipt[]> {
    return this.#enqueues.submit(tasks);
  }

  get(id: string): Promise<Task | null> {
    return this.#db.read(() => readTask(this.#db, id));
  }

  list(query: TaskQuery): Promise<TaskPage> {
    return this.#db.read(() => readPage(this.#db, query));
  }

  summarize(query: TaskQuery): Promise<SummaryPage> {
    return this.#db.read(() => readSummaries(this.#db, query));
  }

  walk(query: TaskQuery, kind: Walk): Promise<WalkStep> {
    return this.#db.read(() => walk(this.#db, query, kind));
  }

  position(id: string): Promise<number | null> {
    return this.#db.read(() => readPosition(this.#db, id));
  }

  events(id: string, after: number): Promise<TaskEvent[] | null> {
    return this.#db.read(() => readEvents(this.#db, id, after));
  }

  revoke(id: string): Promise<Change> {
    return this.#change((tx) => revoke(tx, id));
  }

  retry(id: string, args?: string): Promise<Change> {
    return this.#change((tx) => retry(tx, id, args));
  }

  forget(id: string): Promise<Change> {
    return this.#change((tx) => forget(tx, id));
  }

  async claim(worker: string, queues: string[], limit: number): Promise<Claimed[]> {
    // A look costs nobody's turn to write.
    const now = Date.now();
    const isWorthIt = await this.#db.read(() =>
      queues.some((queue) => isClaimable(this.#db, queue, now))
    );
    if (!isWorthIt) return [];
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
    const next = await this.#db.read(() => nextDue(this.#db));
    if (!next) return null;
    const wait = Math.ceil(next.at - Date.now());
    return wait > 0 ? wait : await this.#change(promote);
  }

  pause(queue: string): Promise<void> {
    return this.#change((tx) => setPaused(tx, queue, true));
  }

  resume(queue: string): Promise<void> {
    return this.#change((tx) => setPaused(tx, queue, false));
  }

  async purge(queue: string): Promise<number> {
    let purged = 0;
    let step: Purge = { ended: 0, upTo: null, due: 0, more: true };
    while (step.more) {
      step = await this.#change((tx) => purge(tx, queue, step));
      purged += step.ended;
      await nextTurn();
    }
    return purged;
  }

  limitQueue(queue: string, limits: QueueLimits): Promise<void> {
    return this.#change((tx) => limitQueue(tx, queue, limits));
  }

  limitTask(name: string, limits: TaskLimits): Promise<void> {
    return this.#change((tx) => limitTask(tx, name, limits));
  }

  taskLimits(): Promise<NamedTaskLimits[]> {
    return this.#db.read(() => readTaskLimits(this.#db));
  }

  queues(): Promise<QueueState[]> {
    return this.#db.read(() => readQueues(this.#db));
  }

  workers(): Promise<WorkerInfo[]> {
    return this.#db.read(() => readWorkers(this.#db));
  }

  async stats(): Promise<Stats> {
    const rows = await this.#db.read(() =>
      this.#db.all<{ field: string; value: number }>("SELECT field, value FROM stats")
    );
    return toStats(rows.map(({ field, value }) => [field, value]));
  }

  oldestWaits(): Promise<Map<string, number>> {
    return this.#db.read(() => readOldestWaits(this.#db, Date.now()));
  }

  counts(): Promise<TaskCounts> {
    return this.#db.read(() => readCounts(this.#db, Date.now()));
  }

  subscribe(listener: EventListener): Promise<Subscription> {
    return subscription(this.#news.subscribe(listener));
  }

  attend(worker: string, listener: WorkerListener): Promise<Subscription> {
    return subscription(this.#news.attend(worker, listener));
  }

  facts(): Promise<BrokerFacts> {
    return this.#db.read(() => readFacts(this.#db));
  }

  async ping(): Promise<void> {
    await this.#db.read(() => this.#db.get("SELECT 1 FROM state"));
  }

  close(): Promise<void> {
    return this.#closing ??= this.#news.close().then(() => this.#db.close());
  }

  async #change<T>(make: (tx: Transaction) => T): Promise<T> {
    const { tx, result } = await this.#db.write(() => {
      const { resultExpires, deadExpires } = this.#options;
      const retention = { endedMs: resultExpires * 1000, deadMs: deadExpires * 1000 };
      const tx = new Transaction(this.#db, retention);
      const result = make(tx);
      tx.finish();
      return { tx, result };
    });
    if (tx.news) this.#news.changed();
    return result;
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
}

async function subscription(closing: Promise<() => void>): Promise<Subscription> {
  const close = await closing;
  return { close: () => Promise.resolve(close()) };
}
