/** Actions on many tasks: step after step until all that fit have had their turn. */

import type { BulkAction, BulkStep } from "../../jobs/wire.ts";
import { bulkStep } from "../api/tasks.ts";
import type { TaskFilter } from "../query.ts";

/** These tasks, or all that fit. */
export type BulkTarget = { ids: string[] } | { filter: TaskFilter };

export type BulkSum = Omit<BulkStep, "cursor">;

/** Ids that the server takes in one step. */
const IDS_PER_STEP = 1000;
/** No action is longer: a server that never comes to an end is not asked for ever. */
const MAX_STEPS = 20_000;

export interface BulkOptions {
  /** Only counts. */
  isDryRun: boolean;
  signal: AbortSignal;
  /** Is told the sum after every step. */
  onStep(sum: BulkSum): void;
}

/**
 * Does something with many tasks; stops between two steps when it is told to.
 * @throws {ApiError} what was done until then stays done
 */
export async function runBulk(
  action: BulkAction,
  target: BulkTarget,
  { isDryRun, signal, onStep }: BulkOptions,
): Promise<BulkSum> {
  const sum: BulkSum = { matched: 0, done: 0, skipped: 0, looked: 0 };
  const add = ({ matched, done, skipped, looked }: BulkStep) => {
    sum.matched += matched;
    sum.done += done;
    sum.skipped += skipped;
    sum.looked += looked;
    onStep({ ...sum });
  };
  const fixed = { action, ...(isDryRun && { dry_run: true }) };
  if ("ids" in target) {
    for (let at = 0; at < target.ids.length && !signal.aborted; at += IDS_PER_STEP) {
      add(await bulkStep({ ...fixed, ids: target.ids.slice(at, at + IDS_PER_STEP) }));
    }
    return sum;
  }
  let cursor: string | null = null;
  for (let step = 0; step < MAX_STEPS && !signal.aborted; step++) {
    const done: BulkStep = await bulkStep({
      ...fixed,
      filter: target.filter,
      ...(cursor && { cursor }),
    });
    add(done);
    cursor = done.cursor;
    if (cursor === null) break;
  }
  return sum;
}
