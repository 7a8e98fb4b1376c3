/** What the page shows besides tasks: read once a second for all who watch it, and told when it changed. */

import type { Mask } from "../jobs/access_mask.ts";
import { maskSchedule } from "../jobs/access_masked.ts";
import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";
import { brokerDuty } from "../jobs/broker_duty.ts";
import { deadGroups } from "../jobs/dead_groups.ts";
import { newestPoint } from "../jobs/history.ts";
import { allQueues } from "../jobs/queues.ts";
import type { Registry } from "../jobs/registry.ts";
import { Schedules } from "../jobs/schedule_control.ts";
import { type Topic, type TopicData, TOPICS } from "../jobs/wire.ts";
import { Ticker } from "../lib/ticker.ts";

/** Milliseconds from one look to the next. */
const POLL_EVERY_MS = 1000;
const MAX_SCHEDULES = 500;

/** How each topic is read. */
export type TopicSources = { [T in Topic]: () => Promise<TopicData[T]> };

/**
 * The topics as a broker has them.
 * @param mask what is not shown of the arguments of schedules
 */
export function topicSources(
  broker: Broker,
  registry: Registry,
  mask: Mask | null,
): TopicSources {
  const schedules = new Schedules(broker, registry);
  return {
    counts: () => broker.counts(),
    queues: () => allQueues(broker, registry),
    workers: () => broker.workers(),
    history: () => newestPoint(broker),
    async schedules() {
      const page = await schedules.list(MAX_SCHEDULES, undefined);
      return page.schedules.map((schedule) => mask ? maskSchedule(schedule, mask) : schedule);
    },
    dead: () => deadGroups(broker),
  };
}

/** A client that watches topics. */
export interface TopicClient {
  /** Sends a message, unless the client has not taken the last ones yet; answers whether it did. */
  tell(text: string): boolean;
  /** The broker does not answer, so nothing is told until it does. */
  away(): void;
}

/**
 * Reads topics while somebody watches them. A client that does not keep up is told nothing until it
 * does, and then the newest: so it costs no memory however long that takes.
 */
export class Topics {
  readonly #topics = new Map<Topic, WatchedTopic>();
  readonly #clients = new Map<TopicClient, Set<Topic>>();

  constructor(sources: TopicSources, everyMs = POLL_EVERY_MS) {
    for (const topic of TOPICS) {
      const read = async () =>
        JSON.stringify({ type: "topic", topic, data: await sources[topic]() });
      const onAway = () => {
        // Once per outage, not once per topic.
        if (this.#countAway() === 1) this.#clients.forEach((_, client) => client.away());
      };
      this.#topics.set(topic, new WatchedTopic(topic, everyMs, read, onAway));
    }
  }

  /** Has a client told of these topics, and of no others any more: at once, and when they change. */
  watch(client: TopicClient, topics: Iterable<Topic>): void {
    const before = this.#clients.get(client) ?? new Set();
    const wanted = new Set(topics);
    for (const topic of before) if (!wanted.has(topic)) this.#topics.get(topic)?.leave(client);
    for (const topic of wanted) if (!before.has(topic)) this.#topics.get(topic)?.join(client);
    if (wanted.size === 0) {
      this.#clients.delete(client);
    } else {
      if (!this.#clients.has(client) && this.#countAway() > 0) client.away();
      this.#clients.set(client, wanted);
    }
  }

  /** Sends every client away. A look that is under way may still end. */
  close(): void {
    for (const client of [...this.#clients.keys()]) this.watch(client, []);
  }

  #countAway(): number {
    return [...this.#topics.values()].filter(({ isAway }) => isAway).length;
  }
}

class WatchedTopic {
  /** The broker does not answer. */
  isAway = false;
  /** What each client was told last. */
  readonly #told = new Map<TopicClient, string | undefined>();
  /** What is true now; undefined until it was read, and while it cannot be. */
  #newest: string | undefined;
  readonly #ticker: Ticker;

  constructor(
    topic: Topic,
    everyMs: number,
    private readonly read: () => Promise<string>,
    private readonly onAway: () => void,
  ) {
    this.#ticker = new Ticker([brokerDuty(`topic ${topic}`, everyMs, () => this.#poll())]);
  }

  join(client: TopicClient): void {
    this.#told.set(client, undefined);
    if (this.#told.size === 1) this.#ticker.start();
    else this.#tell(client);
  }

  leave(client: TopicClient): void {
    this.#told.delete(client);
    if (this.#told.size > 0) return;
    this.#newest = undefined;
    this.isAway = false;
    void this.#ticker.stop();
  }

  async #poll(): Promise<void> {
    try {
      const newest = await this.read();
      if (this.#told.size === 0) return;
      this.#newest = newest;
      this.isAway = false;
    } catch (error) {
      if (this.#told.size === 0) return; // and by now the broker may be closed
      this.#fail(error);
      throw error;
    }
    for (const client of this.#told.keys()) this.#tell(client);
  }

  #fail(error: unknown): void {
    // All is told again when it can be read again, so that a client sees that it can.
    this.#newest = undefined;
    for (const client of this.#told.keys()) this.#told.set(client, undefined);
    if (this.isAway || !(error instanceof BrokerUnavailableError)) return;
    this.isAway = true;
    this.onAway();
  }

  #tell(client: TopicClient): void {
    const newest = this.#newest;
    if (newest === undefined || newest === this.#told.get(client)) return;
    if (client.tell(newest)) this.#told.set(client, newest);
  }
}
