/** The dead tasks, those that have failed for good: replaying and forgetting many at once. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Broker, Change } from "./broker.ts";

/** At most so many in one go. */
export const MAX_DEAD = 10_000;
export const DEFAULT_DEAD = 1000;

/** Pages of a list, and calls at a time: bounds of the memory that full tasks take. */
const PAGE = 100;
const AT_ONCE = 25;

/** Which of the dead tasks: those with these ids, or the newest that fit all of the rest. */
export interface DeadSelection {
  ids?: string[] | undefined;
  name?: string | undefined;
  queue?: string | undefined;
  /** Part of the type or the message of the error. */
  error?: string | undefined;
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

async function forEachDead(
  broker: Broker,
  selection: DeadSelection,
  act: (id: string) => Promise<Change>,
): Promise<DeadCount> {
  // All ids come first: a page would shift, and what fails again would come round again.
  const ids = [...new Set(selection.ids ?? await find(broker, selection))];
  const chosen = ids.slice(0, selection.limit).reverse();
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
  return { count, more: ids.length > chosen.length };
}

/** The ids of those that fit, the newest first, and one more than wanted if there is one. */
async function find(broker: Broker, { name, queue, error, limit }: DeadSelection) {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const filter = { state: "FAILURE", name, queue, error, limit: PAGE, cursor } as const;
    const page = await broker.list(filter);
    found.push(...page.tasks.map((task) => task.task_id));
    cursor = page.cursor ?? undefined;
    await nextTurn();
  } while (cursor !== undefined && found.length <= limit);
  return found;
}
