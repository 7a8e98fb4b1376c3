/**
 * Who listens to one open database, and what they have been told. After a change here, and after a
 * sign from another process, it reads on from the last number told; so everyone hears of everything
 * once, in the order in which it happened.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import type { EventListener, WorkerListener } from "../broker.ts";
import { acceptedEvent, toEvent } from "../stored.ts";
import type { TaskEvent } from "../wire.ts";
import { claimableQueues } from "./claim.ts";
import { commandedWorkers } from "./commands.ts";
import type { Database } from "./database.ts";
import { Peers } from "./peers.ts";
import { nextDue } from "./upkeep.ts";

/** Numbers read at a time, so that no reading takes long. */
const CHUNK = 2000;
/** After a failure. */
const LOOK_AGAIN_MS = 1000;

const log = getLogger(["taskapp", "broker"]);

interface State {
  counter: number;
  pruned: number;
}

export class News {
  readonly #eventListeners = new Set<EventListener>();
  readonly #workerListeners = new Map<string, WorkerListener>();
  /** Up to this number listeners have been told. */
  #told = 0;
  #looking = false;
  #again = false;
  /** Set while what is new cannot be read. */
  #retrying: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #peers: Peers;

  constructor(private readonly db: Database) {
    this.#peers = new Peers(db, () => this.#look());
  }

  get peers(): Peers {
    return this.#peers;
  }

  async subscribe(listener: EventListener): Promise<() => void> {
    await this.#peers.join();
    await this.db.read(() => this.#add(() => this.#eventListeners.add(listener)));
    return () => void this.#eventListeners.delete(listener);
  }

  async attend(worker: string, listener: WorkerListener): Promise<() => void> {
    await this.#peers.join();
    await this.db.read(() => this.#add(() => this.#workerListeners.set(worker, listener)));
    return () => void this.#workerListeners.delete(worker);
  }

  /** To be called after each commit that others may wait for. */
  changed(): void {
    this.#look();
    this.#peers.wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retrying);
    await this.#peers.close();
  }

  /** The first listener hears from now on, another from where the others are. */
  #add(add: () => void): void {
    const nobody = this.#eventListeners.size + this.#workerListeners.size === 0;
    if (nobody) this.#told = this.#state().counter;
    add();
  }

  #state(): State {
    return this.db.get<State>("SELECT counter, pruned FROM state") ?? { counter: 0, pruned: 0 };
  }

  async #look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      // Changes that come in the same turn of the event loop are told together.
      await nextTurn();
      if (this.#eventListeners.size + this.#workerListeners.size === 0) break;
      try {
        await this.#tell();
        if (this.#retrying !== undefined) this.#tellGap();
        clearTimeout(this.#retrying);
        this.#retrying = undefined;
      } catch (error) {
        log.debug(`Cannot read what is new: ${error}`);
        clearTimeout(this.#retrying);
        if (!this.#closed) this.#retrying = setTimeout(() => this.#look(), LOOK_AGAIN_MS);
      }
    }
    this.#looking = false;
  }

  async #tell(): Promise<void> {
    const { events, revocations, commanded, ready, scheduled, gap, upTo, more } = await this.db
      .read(
        () => {
          const { counter, pruned } = this.#state();
          const after = this.#told;
          const someoneReads = this.#eventListeners.size > 0;
          const upTo = someoneReads ? Math.min(counter, after + CHUNK) : counter;
          return {
            upTo,
            more: upTo < counter,
            gap: someoneReads && after < pruned,
            events: someoneReads ? this.#events(after, upTo) : [],
            ...this.#forWorkers(after, upTo),
          };
        },
      );
    this.#told = upTo;
    if (more) this.#again = true;
    for (const listener of this.#eventListeners) {
      if (gap) heard(() => listener.onGap());
      if (events.length > 0) heard(() => listener.onEvents(events));
    }
    for (const [worker, listener] of this.#workerListeners) {
      for (const each of revocations) {
        if (each.worker === worker) heard(() => listener.onRevoked(each.id, each.token));
      }
      if (commanded.includes(worker)) heard(() => listener.onCommand());
      for (const queue of ready) heard(() => listener.onReady(queue));
      if (scheduled) heard(() => listener.onSchedule());
    }
  }

  #events(after: number, upTo: number): TaskEvent[] {
    const accepted = this.db.all<{ n: number; id: string; name: string; created: number }>(
      "SELECT n, id, name, created FROM tasks WHERE n > ? AND n <= ?",
      after,
      upTo,
    );
    const stored = this.db.all<{ n: number; id: string; name: string; seq: number; body: string }>(
      `SELECT events.n, id, name, events.seq, body FROM events JOIN tasks ON tasks.n = task
       WHERE events.n > ? AND events.n <= ?`,
      after,
      upTo,
    );
    const numbered: [n: number, event: TaskEvent][] = [];
    for (const { n, id, name, created } of accepted) {
      numbered.push([n, acceptedEvent(id, name, created)]);
    }
    for (const { n, id, name, seq, body } of stored) {
      numbered.push([n, toEvent(id, seq, name, body)]);
    }
    return numbered.sort(([a], [b]) => a - b).map(([, event]) => event);
  }

  #forWorkers(after: number, upTo: number) {
    if (this.#workerListeners.size === 0) {
      return { revocations: [], commanded: [], ready: [], scheduled: false };
    }
    return {
      revocations: this.db.all<{ worker: string; id: string; token: number }>(
        "SELECT worker, id, token FROM revocations WHERE n > ? AND n <= ?",
        after,
        upTo,
      ),
      commanded: commandedWorkers(this.db, after, upTo),
      ready: claimableQueues(this.db, Date.now()),
      // Whether the task, or the schedule, that is due next was noted since.
      scheduled: (nextDue(this.db)?.n ?? 0) > after || this.db.get(
            `SELECT 1 WHERE ? < coalesce(
               (SELECT revision FROM schedules WHERE next IS NOT NULL ORDER BY next LIMIT 1), 0)`,
            after,
          ) !== undefined,
    };
  }

  /** Something may have been missed while the database could not be read. */
  #tellGap(): void {
    for (const listener of this.#eventListeners) heard(() => listener.onGap());
    for (const listener of this.#workerListeners.values()) {
      heard(() => listener.onReady());
      heard(() => listener.onSchedule());
      heard(() => listener.onCommand());
    }
  }
}

/** One listener's mistake must not keep the news from the others. */
function heard(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    log.error("A listener failed: {error}", { error });
  }
}
