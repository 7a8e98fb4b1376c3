/** The dead tasks, those that have failed for good: replaying and forgetting many at once. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Broker, Change, TaskFilter } from "./broker.ts";

/** At most so many in one go. */
export const MAX_DEAD = 10_000;
export const DEFAULT_DEAD = 1000;

const PAGE = 500;
/** Calls at a time, a bound of the memory that full tasks take. */
const AT_ONCE = 25;

/** Which of the dead tasks: those with these ids, or the newest that fit all of the rest. */
export interface DeadSelection extends Omit<TaskFilter, "state" | "dead"> {
  ids?: string[] | undefined;
  /** From 1 to MAX_DEAD. */
  limit: number;
}

export interface DeadCount {
  /** What is no longer dead when its turn comes is left alone, and does not count. */
  count: number;
  /** Whether there were more that fit. */
  more: boolean;
}

/** Runs dead tasks again, in the order in which they were listed from the oldest on. */
export function replayDead(broker: Broker, selection: DeadSelection): Promise<DeadCount> {
  return forEachDead(broker, selection, (id) => broker.retry(id));
}

/** Deletes dead tasks. */
export function forgetDead(broker: Broker, selection: DeadSelection): Promise<DeadCount> {
  return forEachDead(broker, selection, (id) => broker.forget(id));
}

/** The ids of dead tasks, the newest first, and whether more fit than were asked for. */
export async function findDead(
  broker: Broker,
  { ids, limit, ...filter }: DeadSelection,
): Promise<{ ids: string[]; more: boolean }> {
  const found = [...new Set(ids)];
  let cursor: string | undefined;
  if (ids === undefined) {
    do {
      const page = await broker.summarize({ ...filter, dead: true, limit: PAGE, cursor });
      found.push(...page.tasks.map((task) => task.task_id));
      cursor = page.cursor ?? undefined;
      await nextTurn();
    } while (cursor !== undefined && found.length <= limit);
  }
  return { ids: found.slice(0, limit), more: found.length > limit };
}

async function forEachDead(
  broker: Broker,
  selection: DeadSelection,
  act: (id: string) => Promise<Change>,
): Promise<DeadCount> {
  // All ids come first, so that what fails again does not come round again.
  const { ids, more } = await findDead(broker, selection);
  const chosen = ids.reverse();
  let count = 0;
  for (let i = 0; i < chosen.length; i += AT_ONCE) {
    const done = await Promise.all(
      chosen.slice(i, i + AT_ONCE).map(async (id) => {
        const task = await broker.get(id);
        return task?.dead === true && (await act(id))?.done === true;
      }),
    );
    count += done.filter(Boolean).length;
    await nextTurn(); // a file answers at once, and others want to be heard meanwhile
  }
  return { count, more };
}
