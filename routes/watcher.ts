/** What one client watches, and how far it has been told. */

import { setTimeout as sleep } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";
import type { Task } from "../jobs/wire.ts";
import { type Hub, type Listener, type SharedBatch, SharedEvent } from "./hub.ts";

/** Where a watcher's messages go: a WebSocket or an event stream. */
export interface Sink {
  snapshot(task: Task): void;
  /** @param newest whether no later event of this task is known */
  event(shared: SharedEvent, newest: boolean): void;
  /** Takes events that all are told together; undefined where each has to be told by itself. */
  events: ((batch: SharedBatch) => void) | undefined;
  unknown(id: string): void;
  notice(text: string): void;
  /** Bytes that the client has not taken yet. */
  buffered(): number;
  close(code: number, reason: string): void;
}

/** Above this many unsent bytes nothing more is sent until fewer than LOW are left. */
export const HIGH = 1024 * 1024;
const LOW = HIGH / 4;

/** A client that has taken nothing for so long, and should have, is sent away. */
const STUCK_MS = 30_000;

const DRAIN_POLL_MS = 50;
const RETRY_MS = 1000;

export const BROKER_AWAY = "The broker does not answer at the moment; this goes on when it does";

/** Tasks that one client may watch. */
export const MAX_FOLLOWED = 10_000;

/** RFC 6455 leaves 1013 to its registry: "try again later". */
const TRY_AGAIN_LATER = 1013;

interface Followed {
  /** Number of the last event told; undefined until the snapshot has been read. */
  last: number | undefined;
  /** Number of the newest event known. */
  newest: number;
  /** Whether its snapshot is to be told first. */
  snapshot: boolean;
  /** Whether the broker may have events that nobody announced here. */
  unread: boolean;
  /** Followed only to catch up, by a client that watches all tasks. */
  briefly: boolean;
}

function isToldAll({ last, newest, snapshot, unread }: Followed): boolean {
  return !snapshot && !unread && last !== undefined && last >= newest;
}

/**
 * Invariant: of each followed task every event is told once and in order. A live event is passed on
 * at once if it is the next one and the client keeps up; otherwise the task is behind, and `#pump`
 * reads from the broker what comes after the last event told. So a slow client costs two numbers per
 * task and no memory that grows.
 */
export class Watcher implements Listener {
  readonly #followed = new Map<string, Followed>();
  readonly #behind = new Set<string>();
  readonly #closing = new AbortController();
  #all = false;
  #pumping = false;
  #brokerAway = false;

  constructor(
    private readonly hub: Hub,
    private readonly broker: Broker,
    private readonly sink: Sink,
    private readonly stuckMs = STUCK_MS,
  ) {
    hub.join(this);
  }

  get size(): number {
    return this.#followed.size;
  }

  /** Watches every task, from now on. */
  followAll(): void {
    if (this.#closing.signal.aborted) return;
    this.#all = true;
    this.hub.listenToAll(this, this.sink.events !== undefined);
  }

  /** Ends `followAll`. */
  followOnlyChosen(): void {
    this.#all = false;
    this.hub.unlistenToAll(this);
  }

  /**
   * Watches a task: first its snapshot, then its events.
   * @param after number of the last event that the client has; without it, the snapshot's
   */
  follow(id: string, after?: number): void {
    this.#follow(id, { last: after, newest: 0, snapshot: true, unread: false, briefly: false });
  }

  /** Watches a task's events from the one after `after`, without a snapshot. */
  followEvents(id: string, after: number): void {
    this.#follow(id, { last: after, newest: after, snapshot: false, unread: true, briefly: false });
  }

  unfollow(id: string): void {
    this.#followed.delete(id);
    this.#behind.delete(id);
    this.hub.unlisten(id, this);
  }

  receive(shared: SharedEvent): void {
    const { task_id: id, seq } = shared.event;
    const followed = this.#followed.get(id);
    const keepsUp = this.sink.buffered() <= HIGH;
    if (!followed) {
      if (!this.#all) return;
      if (keepsUp) return this.sink.event(shared, true);
      if (this.size >= MAX_FOLLOWED) return this.close(TRY_AGAIN_LATER, "Too slow");
      return this.#follow(id, {
        last: seq - 1,
        newest: seq,
        snapshot: false,
        unread: false,
        briefly: true,
      });
    }
    if (keepsUp && !this.#behind.has(id) && seq === (followed.last ?? NaN) + 1) {
      followed.last = seq;
      this.sink.event(shared, true);
    } else if (seq > (followed.last ?? 0)) {
      followed.newest = Math.max(followed.newest, seq);
      this.#catchUp(id);
    }
  }

  receiveAll(batch: SharedBatch): void {
    const { events } = this.sink;
    if (events && this.size === 0 && this.sink.buffered() <= HIGH) return events(batch);
    for (const shared of batch.events) this.receive(shared);
  }

  missed(): void {
    if (this.#all) {
      this.sink.notice(
        "Events may have been missed while the broker was away: read the tasks again",
      );
    }
    for (const [id, followed] of this.#followed) {
      followed.unread = true;
      this.#catchUp(id);
    }
  }

  close(code = 1000, reason = ""): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const id of this.#followed.keys()) this.hub.unlisten(id, this);
    this.#followed.clear();
    this.hub.leave(this);
    this.sink.close(code, reason);
  }

  #follow(id: string, followed: Followed): void {
    if (this.#closing.signal.aborted) return;
    this.#followed.set(id, followed);
    if (!followed.briefly) this.hub.listen(id, this);
    this.#catchUp(id);
  }

  #catchUp(id: string): void {
    this.#behind.add(id);
    if (!this.#pumping) this.#pump();
  }

  /** Brings the tasks up to date that are behind, one after the other, as fast as the client reads. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      for (const id of this.#behind) await this.#tellRest(id);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      getLogger(["taskapp", "live"]).error("A watcher failed: {error}", { error });
      this.close(1011, "Something went wrong here");
    } finally {
      this.#pumping = false;
    }
  }

  async #tellRest(id: string): Promise<void> {
    while (true) {
      const followed = this.#followed.get(id);
      if (!followed) break;
      // What waits to be told together may have been read from the broker: it must not be told again.
      if (followed.briefly) this.hub.tellTogether();
      if (isToldAll(followed)) break;
      await this.#drained();
      try {
        if (followed.snapshot) await this.#tellSnapshot(id, followed);
        else await this.#tellEvents(id, followed);
        this.#brokerAway = false;
      } catch (error) {
        if (!(error instanceof BrokerUnavailableError)) throw error;
        followed.unread = true;
        await this.#waitForBroker();
      }
    }
    this.#behind.delete(id);
    if (this.#followed.get(id)?.briefly) this.#followed.delete(id);
  }

  async #tellSnapshot(id: string, followed: Followed): Promise<void> {
    const task = await this.broker.get(id);
    if (this.#followed.get(id) !== followed) return;
    if (task === null) return this.#forget(id);
    this.sink.snapshot(task);
    followed.snapshot = false;
    // A number from before the broker lost its data would wait for events for ever.
    followed.last = Math.min(followed.last ?? task.events, task.events);
    followed.newest = Math.max(followed.newest, task.events);
  }

  /** Reads on after the last event told. */
  async #tellEvents(id: string, followed: Followed): Promise<void> {
    const { last = 0, newest } = followed;
    followed.unread = false;
    const events = await this.broker.events(id, last);
    if (this.#followed.get(id) !== followed) return;
    if (events === null) return this.#forget(id);
    const [first] = events;
    // What is not there is no longer there: do not look for it again.
    if (!first && followed.newest === newest) followed.newest = last;
    // The broker keeps a task's latest events only: the snapshot stands for those cut off.
    if (first && first.seq > last + 1) await this.#tellSnapshot(id, followed);
    followed.newest = Math.max(followed.newest, events.at(-1)?.seq ?? 0);
    for (const event of events) {
      await this.#drained();
      if (this.#followed.get(id) !== followed) return;
      followed.last = event.seq;
      this.sink.event(new SharedEvent(event), event.seq === followed.newest);
    }
  }

  #forget(id: string): void {
    this.unfollow(id);
    this.sink.unknown(id);
  }

  /** Waits until the client has taken most of what was sent. */
  async #drained(): Promise<void> {
    if (this.sink.buffered() <= HIGH) return;
    let least = Infinity;
    let since = Date.now();
    while (this.sink.buffered() > LOW) {
      if (this.sink.buffered() < least) {
        least = this.sink.buffered();
        since = Date.now();
      } else if (Date.now() - since > this.stuckMs) {
        this.close(TRY_AGAIN_LATER, "Too slow");
      }
      await this.#sleep(DRAIN_POLL_MS);
    }
  }

  async #waitForBroker(): Promise<void> {
    if (!this.#brokerAway) {
      this.sink.notice(BROKER_AWAY);
    }
    this.#brokerAway = true;
    await this.#sleep(RETRY_MS);
  }

  #sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#closing.signal });
  }
}
