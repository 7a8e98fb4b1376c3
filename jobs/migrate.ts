/** Moves all tasks from a database file to a Redis. */

import { BrokerRefusedError } from "./broker.ts";
import { Target } from "./redis/target.ts";
import { Source } from "./sqlite/source.ts";
import type { State } from "./wire.ts";

/** As many as Redis's own index of them holds. */
const NEWEST = 10_000;

export interface Migration {
  /** How many tasks were moved, by their state. */
  moved: Map<State, number>;
  schedules: number;
  /** The name that the file has now. */
  renamed: string;
}

/**
 * Moves what a database file holds: waiting, delayed and ended tasks with their events, schedules with
 * their runs, paused queues, limits, idempotency keys, and users and tokens; not the audit trail. The file is renamed when all of it has
 * arrived. After a failure it still has everything, and the move can be made again: what the Redis
 * knows by then it leaves alone.
 * @param file the path of the database
 * @param url of the Redis
 * @throws {BrokerRefusedError} others use the file, workers the Redis, or something did not arrive
 */
export async function migrate(file: string, url: string): Promise<Migration> {
  const source = await Source.open(file);
  const target = new Target(url);
  try {
    if (await target.hasWorkers()) {
      const message = `Workers are at work on ${target.location}: stop them, then try again`;
      throw new BrokerRefusedError(message);
    }
    await target.adopt({ limits: await source.limits() });
    const moved = new Map<State, number>();
    for await (const tasks of source.tasks()) {
      const states = await target.take(tasks);
      tasks.forEach(({ status, keptUntil }, i) => {
        const isOver = keptUntil !== null && keptUntil <= Date.now();
        if (states[i] || isOver) moved.set(status, (moved.get(status) ?? 0) + 1);
      });
    }
    for (const [status, count] of await source.counts()) {
      if (moved.get(status) === count) continue;
      const what = `${moved.get(status) ?? 0} of ${count} tasks in ${status} arrived`;
      throw new BrokerRefusedError(`${what}; ${file} is still what counts`);
    }
    let schedules = 0;
    for await (const some of source.schedules()) {
      await target.takeSchedules(some);
      schedules += some.length;
    }
    await target.takeAccess(await source.access());
    for await (const idempotencyKeys of source.idempotencyKeys()) {
      await target.adopt({ idempotencyKeys });
    }
    await target.adopt({
      pausedQueues: await source.pausedQueues(),
      newest: await source.newest(NEWEST),
    });
    return { moved, schedules, renamed: await source.retire() };
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}
