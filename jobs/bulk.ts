/** Cancelling, retrying or deleting many tasks, step by step: whoever asks for it goes on with the cursor. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Broker, Change, TaskFilter } from "./broker.ts";
import { statesOf } from "./search.ts";
import {
  type BulkAction,
  type BulkStep,
  isReady,
  READY_STATES,
  type State,
  STATES,
} from "./wire.ts";

/** Ids that one step takes. */
export const MAX_IDS = 1000;

/** Tasks of one look, and calls at a time. */
const PAGE = 250;
const AT_ONCE = 25;
/** A step ends after about so long, */
const STEP_MS = 250;
/** or with so many tasks. */
const STEP_TASKS = 1000;

/** The states in which something can be done with a task. */
const STATES_OF: { readonly [action in BulkAction]: readonly State[] } = {
  cancel: STATES.filter((state) => !isReady(state)),
  retry: READY_STATES,
  delete: READY_STATES,
};

/** Of the tasks with these ids, or of those that fit. */
export type BulkSelection = { ids: string[] } | { filter: TaskFilter; cursor?: string | undefined };

/**
 * One step. Of those that fit a filter it takes only tasks that were accepted, and have ended if the
 * action is for that, before the first step; those in a state that does not allow it do not fit.
 * @param isDryRun only counts
 * @throws {InvalidCursorError}
 */
export async function bulkStep(
  broker: Broker,
  action: BulkAction,
  selection: BulkSelection,
  isDryRun: boolean,
): Promise<BulkStep> {
  const act = isDryRun ? (id: string) => look(broker, action, id) : ACTS[action];
  const step: BulkStep = { matched: 0, done: 0, skipped: 0, looked: 0, cursor: null };
  if ("ids" in selection) {
    const ids = [...new Set(selection.ids)];
    step.matched = step.looked = ids.length;
    step.done = await doAll(ids, (id) => act(id, broker));
  } else {
    const states = statesOf(selection.filter) ?? STATES;
    const state = STATES_OF[action].filter((each) => states.includes(each));
    const deadline = performance.now() + STEP_MS;
    let { cursor } = selection;
    do {
      const query = { ...selection.filter, state, limit: PAGE, cursor };
      const found = await broker.walk(query, isDryRun ? "stay" : "leave");
      step.matched += found.ids.length;
      step.looked += found.looked;
      step.done += isDryRun ? found.ids.length : await doAll(found.ids, (id) => act(id, broker));
      step.cursor = found.cursor;
      cursor = found.cursor ?? undefined;
      await nextTurn();
    } while (cursor && performance.now() < deadline && step.matched < STEP_TASKS);
  }
  step.skipped = step.matched - step.done;
  return step;
}

const ACTS: { [action in BulkAction]: (id: string, broker: Broker) => Promise<Change> } = {
  cancel: (id, broker) => broker.revoke(id),
  retry: (id, broker) => broker.retry(id),
  delete: (id, broker) => broker.forget(id),
};

/** What would become of a task. */
async function look(broker: Broker, action: BulkAction, id: string): Promise<Change> {
  const task = await broker.get(id);
  return task && { done: STATES_OF[action].includes(task.status), status: task.status };
}

/** @returns with how many it was done */
async function doAll(ids: string[], act: (id: string) => Promise<Change>): Promise<number> {
  let count = 0;
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const changes = await Promise.all(ids.slice(i, i + AT_ONCE).map(act));
    count += changes.filter((change) => change?.done).length;
    await nextTurn(); // a file answers at once, and others want to be heard meanwhile
  }
  return count;
}
