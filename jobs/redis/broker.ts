/** The broker on Redis or Valkey, 6.2 or newer: one script per transition. */

import { getLogger } from "@logtape/logtape";
import {
  type Broker,
  type BrokerOptions,
  type Change,
  type Claimed,
  type EventListener,
  type NamedTaskLimits,
  type NewTask,
  type QueueLimits,
  type QueueState,
  type Receipt,
  type Report,
  type Settlement,
  type Subscription,
  type TaskLimits,
  type TaskPage,
  type TaskQuery,
  type Walk,
  type WalkStep,
  type WorkerBeat,
  type WorkerListener,
} from "../broker.ts";
import { enqueues } from "../enqueues.ts";
import { acceptedEvent, toCounts, toEvent, toStats } from "../stored.ts";
import type {
  BrokerFacts,
  State,
  Stats,
  SummaryPage,
  Task,
  TaskCounts,
  TaskEvent,
  WorkerInfo,
} from "../wire.ts";
import { RedisCommands } from "./commands.ts";
import { Connection } from "./connection.ts";
import {
  chunks,
  toClaimed,
  toEvents,
  toFields,
  toQueues,
  toReceipts,
  toSummary,
  toTask,
  toTaskLimits,
  toWorker,
} from "./decode.ts";
import { encodeBeat, encodeSettlement, encodeTaskLimits, encodeTasks } from "./encode.ts";
import { RedisAccess } from "./access.ts";
import { toFacts } from "./facts.ts";
import { RedisSamples } from "./samples.ts";
import { RedisSchedules } from "./schedules.ts";
import { CONTROL_CHANNEL, EVENTS_CHANNEL } from "./keys.ts";
import { type Script, scripts } from "./scripts.ts";
import { RedisSearch } from "./search.ts";

/** A worker whose connection is closed has this long to come back before its tasks are taken. */
const GONE_GRACE_MS = 900;
/** One process in this time checks for workers that are gone. */
const REAP_EVERY_MS = 450;

const log = getLogger(["taskapp", "broker"]);

export class RedisBroker implements Broker {
  readonly samples = new RedisSamples((script, args) => this.#run(script, args));
  readonly schedules = new RedisSchedules((script, args) => this.#run(script, args));
  readonly commands = new RedisCommands((script, args) => this.#run(script, args));
  readonly access = new RedisAccess((script, args) => this.#run(script, args));
  readonly #searches = new RedisSearch((script, args) => this.#run(script, args));
  readonly #connection: Connection;
  readonly #options: BrokerOptions;
  readonly #enqueues = enqueues((tasks) => this.#enqueue(tasks));
  readonly #eventListeners = new Set<EventListener>();
  readonly #workerListeners = new Map<string, WorkerListener>();

  constructor(url: string, options: BrokerOptions) {
    this.#options = options;
    this.#connection = new Connection(url, {
      onMessage: (channel, message) => {
        if (channel === EVENTS_CHANNEL) this.#hearEvents(message);
        else this.#hearControl(message);
      },
      onReconnected: () => {
        for (const listener of this.#workerListeners.values()) listener.onReconnected();
      },
      onResubscribed: () => {
        for (const listener of this.#eventListeners) listener.onGap();
        for (const listener of this.#workerListeners.values()) {
          listener.onReady();
          listener.onSchedule();
          listener.onCommand();
        }
      },
    });
  }

  get location(): string {
    return this.#connection.location;
  }

  get answeredAt(): number | null {
    return this.#connection.answeredAt;
  }

  enqueue(tasks: NewTask[]): Promise<Receipt[]> {
    return this.#enqueues.submit(tasks);
  }

  async #enqueue(tasks: NewTask[]): Promise<Receipt[]> {
    const args: (string | number)[] = [];
    encodeTasks(tasks, args);
    return toReceipts(tasks, await this.#run(scripts.enqueue, args));
  }

  async get(id: string): Promise<Task | null> {
    const fields = await this.#run(scripts.get, [id]) as string[];
    return fields.length > 0 ? toTask(id, fields) : null;
  }

  list(query: TaskQuery): Promise<TaskPage> {
    return this.#searches.page(query, "full", toTask);
  }

  summarize(query: TaskQuery): Promise<SummaryPage> {
    return this.#searches.page(query, "summary", toSummary);
  }

  walk(query: TaskQuery, kind: Walk): Promise<WalkStep> {
    return this.#searches.walk(query, kind);
  }

  async position(id: string): Promise<number | null> {
    return await this.#run(scripts.position, [id]) as number | null;
  }

  async events(id: string, after: number): Promise<TaskEvent[] | null> {
    const reply = await this.#run(scripts.events, [id, after]);
    const [name, created, first, ...bodies] = reply as [string?, string?, number?, ...string[]];
    if (name === undefined || created === undefined || first === undefined) return null;
    const events = first === 1 ? [acceptedEvent(id, name, created)] : [];
    const offset = first + events.length;
    return events.concat(bodies.map((body, i) => toEvent(id, offset + i, name, body)));
  }

  revoke(id: string): Promise<Change> {
    return this.#change(scripts.revoke, [id, this.#keep]);
  }

  retry(id: string, args = ""): Promise<Change> {
    return this.#change(scripts.retry, [id, args]);
  }

  forget(id: string): Promise<Change> {
    return this.#change(scripts.forget, [id]);
  }

  async claim(worker: string, queues: string[], limit: number): Promise<Claimed[]> {
    const reply = await this.#run(
      scripts.claim,
      [worker, this.#options.leaseMs, limit, this.#keep, ...queues],
    );
    return toClaimed(reply);
  }

  async report(worker: string, reports: Report[]): Promise<boolean[]> {
    const args = reports.flatMap(({ id, token, progress, log }) => [
      id,
      token,
      progress?.percent ?? "",
      progress?.stage ?? "",
      progress?.meta ?? "",
      log === undefined ? "" : JSON.stringify(log),
    ]);
    return accepted(await this.#run(scripts.report, [worker, ...args]));
  }

  async settle(worker: string, settlements: Settlement[]): Promise<boolean[]> {
    const args = [worker, this.#keep];
    for (const settlement of settlements) encodeSettlement(settlement, args);
    return accepted(await this.#run(scripts.settle, args));
  }

  async heartbeat(beat: WorkerBeat): Promise<{ id: string; token: number }[]> {
    const { server, client } = await this.#connection.identity();
    const fields = [...encodeBeat(beat), "server", server, "client", client];
    const reply = await this.#run(
      scripts.heartbeat,
      [beat.name, this.#options.leaseMs, ...fields],
    ) as string[];
    return chunks<[string, string]>(reply, 2).map(([id, token]) => ({ id, token: Number(token) }));
  }

  async leave(worker: string): Promise<void> {
    await this.#run(scripts.leave, [worker, this.#keep]);
  }

  async reap(): Promise<number> {
    const { leaseMs } = this.#options;
    const closed = await this.#closedConnections();
    if (!closed) return 0;
    const pauseMs = Math.max(leaseMs / 2, 3 * REAP_EVERY_MS);
    const args = [leaseMs, pauseMs, GONE_GRACE_MS, this.#keep, ...closed.flat()];
    return Number(await this.#run(scripts.reap, args));
  }

  async promote(): Promise<number | null> {
    const wait = Number(await this.#run(scripts.promote, [this.#keep]));
    return wait < 0 ? null : wait;
  }

  async pause(queue: string): Promise<void> {
    await this.#run(scripts.pause, [queue, "paused"]);
  }

  async resume(queue: string): Promise<void> {
    await this.#run(scripts.pause, [queue, ""]);
  }

  async purge(queue: string): Promise<number> {
    // Who keeps adding to it must not keep this going for ever.
    const waiting = (await this.queues()).find(({ name }) => name === queue)?.waiting ?? 0;
    let purged = 0;
    for (let cursor = "lists"; cursor !== "";) {
      const args = [queue, this.#keep, cursor];
      const [ended, next] = await this.#run(scripts.purge, args) as [number, string];
      purged += ended;
      cursor = next === "lists" && purged >= waiting ? "0" : next;
    }
    return purged;
  }

  async limitQueue(
    queue: string,
    { rateLimit, concurrencyLimit }: QueueLimits,
  ): Promise<void> {
    const rate = rateLimit === undefined ? [] : [`rate ${queue}`, rateLimit ?? ""];
    const concurrency = concurrencyLimit === undefined
      ? []
      : [`concurrency ${queue}`, concurrencyLimit ?? ""];
    await this.#run(scripts.limit, [queue, ...rate, ...concurrency]);
  }

  async limitTask(name: string, limits: TaskLimits): Promise<void> {
    await this.#run(scripts.limit, ["", ...encodeTaskLimits(name, limits)]);
  }

  async taskLimits(): Promise<NamedTaskLimits[]> {
    return toTaskLimits(await this.#run(scripts.limits, []) as string[]).sort(byName);
  }

  async queues(): Promise<QueueState[]> {
    return toQueues(await this.#run(scripts.queues, [])).sort(byName);
  }

  async workers(): Promise<WorkerInfo[]> {
    const reply = await this.#run(scripts.workers, []) as [string, number, string[]][];
    return reply.map(([name, active, fields]) => toWorker(name, active, fields)).sort(byName);
  }

  async stats(): Promise<Stats> {
    const counters = toFields(await this.#run(scripts.stats, []) as string[]);
    return toStats(counters.entries().map(([field, value]) => [field, Number(value)]));
  }

  async oldestWaits(): Promise<Map<string, number>> {
    const reply = await this.#run(scripts.oldest, []) as (string | number)[];
    return new Map(chunks<[string, number]>(reply, 2));
  }

  async counts(): Promise<TaskCounts> {
    const [scheduled = 0, capped, ...byState] = await this.#run(scripts.counts, []) as number[];
    return toCounts(byState, scheduled, capped === 1);
  }

  async subscribe(listener: EventListener): Promise<Subscription> {
    this.#eventListeners.add(listener);
    try {
      await this.#connection.listen(EVENTS_CHANNEL);
    } catch (error) {
      this.#eventListeners.delete(listener);
      throw error;
    }
    return {
      close: () => {
        this.#eventListeners.delete(listener);
        if (this.#eventListeners.size === 0) this.#connection.unlisten(EVENTS_CHANNEL);
        return Promise.resolve();
      },
    };
  }

  async attend(worker: string, listener: WorkerListener): Promise<Subscription> {
    this.#workerListeners.set(worker, listener);
    await this.#connection.listen(CONTROL_CHANNEL);
    return {
      close: () => {
        this.#workerListeners.delete(worker);
        if (this.#workerListeners.size === 0) this.#connection.unlisten(CONTROL_CHANNEL);
        return Promise.resolve();
      },
    };
  }

  async facts(): Promise<BrokerFacts> {
    const [info, keys] = await Promise.all([
      this.#connection.call((redis) => redis.info()),
      this.#connection.call((redis) => redis.dbsize()),
    ]);
    return toFacts(this.location, info, keys);
  }

  async ping(): Promise<void> {
    await this.#connection.call((redis) => redis.ping());
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** How long ended and dead tasks are kept, as scripts take it. */
  get #keep(): string {
    const { resultExpires, deadExpires } = this.#options;
    return `${resultExpires} ${deadExpires}`;
  }

  #run(script: Script, args: (string | number)[]): Promise<unknown> {
    return this.#connection.run(script, args);
  }

  async #change(script: Script, args: (string | number)[]): Promise<Change> {
    const [done, status] = await this.#run(script, args) as [number?, State?];
    return status === undefined ? null : { done: done === 1, status };
  }

  /**
   * Workers that said they are on a connection which this server does not have (any more); null where
   * another process looks.
   */
  async #closedConnections(): Promise<[worker: string, client: string][] | null> {
    const { server, client } = await this.#connection.identity();
    const reply = await this.#run(scripts.reapBegin, [REAP_EVERY_MS, server, client]);
    if (reply === null) return null;
    const others = chunks<[string, string]>(reply as string[], 2);
    if (others.length === 0) return [];
    const open = await this.#connection.open(others.map(([, id]) => id));
    return others.filter(([, id]) => !open.has(id));
  }

  #hearEvents(message: string): void {
    let events: TaskEvent[];
    try {
      events = toEvents(message);
    } catch (error) {
      log.error(`Not understood: ${error}; watchers read again`);
      for (const listener of this.#eventListeners) listener.onGap();
      return;
    }
    for (const listener of this.#eventListeners) listener.onEvents(events);
  }

  #hearControl(message: string): void {
    const [kind, subject = "", id = "", token] = message.split(" ");
    if (kind === "command") this.#workerListeners.get(subject)?.onCommand();
    if (kind === "revoke") this.#workerListeners.get(subject)?.onRevoked(id, Number(token));
    for (const listener of this.#workerListeners.values()) {
      if (kind === "ready") listener.onReady(subject);
      if (kind === "schedule") listener.onSchedule();
    }
  }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function accepted(reply: unknown): boolean[] {
  return (reply as number[]).map((each) => each === 1);
}
