/** A Redis that takes over what another store held. */

import type { StoredRun, StoredSchedule } from "../schedule_store.ts";
import { encodeTaskLimits } from "./encode.ts";
import type { Limits, StoredTask } from "../stored.ts";
import { isReady, type State } from "../wire.ts";
import { Connection } from "./connection.ts";
import { RedisAccess } from "./access.ts";
import { scripts } from "./scripts.ts";

/** What a store knows besides its tasks. */
export interface Surroundings {
  pausedQueues?: string[];
  /** At most a few thousand; `until` is a Unix time in milliseconds. */
  idempotencyKeys?: { key: string; id: string; until: number }[];
  /** Ids, newest first. */
  newest?: string[];
  limits?: Limits;
}

export class Target {
  readonly #connection: Connection;

  constructor(url: string) {
    this.#connection = new Connection(url, {
      onMessage: () => {},
      onReconnected: () => {},
      onResubscribed: () => {},
    });
  }

  get location(): string {
    return this.#connection.location;
  }

  async hasWorkers(): Promise<boolean> {
    return (await this.#connection.run(scripts.workers, []) as unknown[]).length > 0;
  }

  /** Stores tasks that are not known yet; answers the state of each here, null where it is over. */
  async take(tasks: StoredTask[]): Promise<(State | null)[]> {
    const args = tasks.flatMap((task) => {
      const place = isReady(task.status) ? "ended" : task.due === null ? "queue" : "scheduled";
      const fields = toFields(task);
      const at = task.due ?? task.keptUntil ?? "";
      return [task.id, place, at, fields.length, ...fields, task.events.length, ...task.events];
    });
    return await this.#connection.run(scripts.import, args) as (State | null)[];
  }

  async adopt(
    { pausedQueues = [], idempotencyKeys = [], newest = [], limits }: Surroundings,
  ): Promise<void> {
    const keys = idempotencyKeys.flatMap(({ key, id, until }) => [key, id, until]);
    const lists: (string | number)[][] = [pausedQueues, keys, newest, toLimits(limits)];
    await this.#connection.run(scripts.adopt, lists.flatMap((list) => [list.length, ...list]));
  }

  /** Stores schedules that are not known yet, each with its runs, the newest first. */
  async takeSchedules(schedules: (StoredSchedule & { runs: StoredRun[] })[]): Promise<void> {
    await Promise.all(
      schedules.map(({ name, body, inCode, next, last, runs }) =>
        this.#connection.run(scripts.scheduleImport, [
          name,
          body,
          inCode ? "1" : "",
          next ?? "",
          last?.due ?? "",
          last?.task ?? "",
          ...runs.toReversed().map((run) => JSON.stringify(run)),
        ])
      ),
    );
  }

  /** Stores records of who may come in; those that are there already stay. */
  async takeAccess(records: [field: string, value: string][]): Promise<void> {
    const access = new RedisAccess((script, args) => this.#connection.run(script, args));
    await Promise.all(records.map(([field, value]) => access.put(field, value, null)));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** Fields and values of the hash of limits. */
function toLimits({ queues, tasks }: Limits = { queues: [], tasks: [] }): (string | number)[] {
  return [
    ...queues.flatMap(({ name, rateLimit, concurrencyLimit }) => [
      ...(rateLimit === null ? [] : [`rate ${name}`, rateLimit]),
      ...(concurrencyLimit === null ? [] : [`concurrency ${name}`, concurrencyLimit]),
    ]),
    ...tasks.flatMap(({ name, ...limits }) => encodeTaskLimits(name, limits)),
  ];
}

/** The hash of a task: what is the default or not there is left out, as `enqueue` does. */
function toFields(task: StoredTask): (string | number)[] {
  const { id: _, due: __, keptUntil: ___, events: ____, ...rest } = task;
  const { maxRetries, timeLimit, softTimeLimit, onLost, ...more } = rest;
  const { concurrencyKey, concurrencyLimit, rateLimit, uniqueKey, uniqueUntil, ...same } = more;
  const fields = {
    ...same,
    // So nothing has to be left out for being what its status tells.
    rare: "all",
    concurrency_key: concurrencyKey,
    concurrency_limit: concurrencyLimit === 1 ? null : concurrencyLimit,
    rate_limit: rateLimit,
    on_lost: onLost === "fail" ? onLost : null,
    unique: uniqueUntil === null ? null : uniqueKey,
    unique_until: uniqueUntil,
    expires: task.expires,
    priority: task.priority === "normal" ? null : task.priority,
    max_retries: maxRetries === 3 ? null : maxRetries,
    time_limit: timeLimit,
    soft_time_limit: softTimeLimit,
    attempt: task.attempt === 1 ? null : task.attempt,
    retries: task.retries || null,
    lost: task.lost || null,
    progress: task.progress || null,
  };
  return Object.entries(fields).flatMap(([name, value]) => value === null ? [] : [name, value]);
}
