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
import type { Database } from "./database.ts";
import { Mailbox, post } from "./mailbox.ts";

/** Numbers read at a time, so that no reading takes long. */
const CHUNK = 2000;
/** Others are woken at most this often; what comes in between goes with the next. */
const WAKE_EVERY_MS = 2;
/** Looks for the changes of others by itself, for a wake-up that was lost. */
const POLL_EVERY_MS = 1000;
/** The same where the system cannot watch files. */
const POLL_UNWATCHED_MS = 40;

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
  #failing = false;
  #closed = false;
  #version = 0;
  #mailbox: Mailbox | undefined;
  #joining: Promise<string | null> | undefined;
  #polling: ReturnType<typeof setInterval> | undefined;
  #waking: ReturnType<typeof setTimeout> | undefined;
  #wokenAt = 0;

  constructor(private readonly db: Database) {}

  /** Makes this process known to the others; answers its name among them, null where it is alone. */
  join(): Promise<string | null> {
    return this.#joining ??= this.#join().catch((error) => {
      this.#joining = undefined;
      throw error;
    });
  }

  async subscribe(listener: EventListener): Promise<() => void> {
    await this.join();
    await this.db.read(() => this.#add(() => this.#eventListeners.add(listener)));
    return () => void this.#eventListeners.delete(listener);
  }

  async attend(worker: string, listener: WorkerListener): Promise<() => void> {
    await this.join();
    await this.db.read(() => this.#add(() => this.#workerListeners.set(worker, listener)));
    return () => void this.#workerListeners.delete(worker);
  }

  /** To be called after each commit that others may wait for. */
  changed(): void {
    this.#look();
    const wait = this.#wokenAt + WAKE_EVERY_MS - performance.now();
    if (wait <= 0) this.#wakeOthers();
    else this.#waking ??= setTimeout(() => this.#wakeOthers(), wait);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#polling);
    if (this.#waking !== undefined) this.#wakeOthers();
    await this.#joining?.catch(() => {});
    const mailbox = this.#mailbox;
    if (!mailbox) return;
    try {
      await this.db.write(() => this.db.run("DELETE FROM peers WHERE id = ?", mailbox.id));
    } catch (error) {
      log.debug(`Not signed off, others will see that the mailbox is gone: ${error}`);
    }
    mailbox.close();
  }

  async #join(): Promise<string | null> {
    if (this.db.inMemory) return null;
    // The mailbox is there and locked before anyone can know of it.
    const mailbox = this.#mailbox ??= new Mailbox(this.db.file, () => this.#look());
    await this.db.write(() => this.db.run("INSERT OR IGNORE INTO peers VALUES (?)", mailbox.id));
    this.#polling ??= setInterval(
      () => this.#poll(),
      mailbox.heard ? POLL_EVERY_MS : POLL_UNWATCHED_MS,
    );
    return mailbox.id;
  }

  /** A listener hears from now on. */
  #add(add: () => void): void {
    const nobody = this.#eventListeners.size + this.#workerListeners.size === 0;
    if (nobody) this.#told = this.#state().counter;
    add();
  }

  #state(): State {
    return this.db.get<State>("SELECT counter, pruned FROM state") ?? { counter: 0, pruned: 0 };
  }

  #poll(): void {
    try {
      const version = this.db.version();
      if (version === this.#version) return;
      this.#version = version;
    } catch (error) {
      log.debug(`Not polled: ${error}`);
      return;
    }
    this.#look();
  }

  #wakeOthers(): void {
    clearTimeout(this.#waking);
    this.#waking = undefined;
    if (this.db.inMemory) return;
    this.#wokenAt = performance.now();
    try {
      const own = this.#mailbox?.id ?? "";
      const others = this.db.all<{ id: string }>("SELECT id FROM peers WHERE id <> ?", own);
      for (const { id } of others) post(this.db.file, id);
    } catch (error) {
      log.debug(`Others were not woken, they will look by themselves: ${error}`);
    }
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
        if (this.#failing) this.#tellGap();
        this.#failing = false;
      } catch (error) {
        log.debug(`Cannot read what is new: ${error}`);
        this.#failing = true;
      }
    }
    this.#looking = false;
  }

  async #tell(): Promise<void> {
    const { events, revocations, readable, scheduled, gap, upTo, more } = await this.db.read(() => {
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
    });
    this.#told = upTo;
    if (more) this.#again = true;
    for (const listener of this.#eventListeners) {
      if (gap) listener.onGap();
      if (events.length > 0) listener.onEvents(events);
    }
    for (const [worker, listener] of this.#workerListeners) {
      for (const each of revocations) {
        if (each.worker === worker) listener.onRevoked(each.id, each.token);
      }
      for (const { name } of readable) listener.onReady(name);
      if (scheduled) listener.onSchedule();
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
      return { revocations: [], readable: [], scheduled: false };
    }
    return {
      revocations: this.db.all<{ worker: string; id: string; token: number }>(
        "SELECT worker, id, token FROM revocations WHERE n > ? AND n <= ?",
        after,
        upTo,
      ),
      readable: this.db.all<{ name: string }>(
        `SELECT name FROM queues WHERE paused = 0 AND EXISTS (
           SELECT 1 FROM tasks WHERE queue = queues.name AND status = 'PENDING' AND due IS NULL)`,
      ),
      // Whether the task that is due next was scheduled since.
      scheduled: (this.db.get<{ position: number }>(
        "SELECT position FROM tasks WHERE due IS NOT NULL ORDER BY due LIMIT 1",
      )?.position ?? 0) > after,
    };
  }

  /** Something may have been missed while the database could not be read. */
  #tellGap(): void {
    for (const listener of this.#eventListeners) listener.onGap();
    for (const listener of this.#workerListeners.values()) {
      listener.onReady();
      listener.onSchedule();
    }
  }
}
