/** How many tasks there are, without looking at many of them. */

import { toCounts } from "../stored.ts";
import { type State, STATES, type TaskCounts } from "../wire.ts";
import type { Database } from "./database.ts";

/** Of each state that is not counted elsewhere. */
const MAX_COUNTED = 10_000;

/** Counts tasks by state: what has expired is not pruned at once, but does not count. */
export function readCounts(db: Database, now: number): TaskCounts {
  const hidden = new Map(
    db.all<{ status: State; tasks: number }>(
      `SELECT status, count(*) AS tasks FROM (
         SELECT status FROM tasks INDEXED BY tasks_ended WHERE kept_until <= ? LIMIT ${MAX_COUNTED}
       ) GROUP BY status`,
      now,
    ).map(({ status, tasks }) => [status, tasks]),
  );
  let capped = false;
  const count = (status: State) => {
    const found = db.get<{ tasks: number }>(
      `SELECT count(*) AS tasks FROM (SELECT 1 FROM tasks INDEXED BY tasks_by_state
       WHERE status = ? LIMIT ${MAX_COUNTED})`,
      status,
    )?.tasks ?? 0;
    capped ||= found === MAX_COUNTED;
    return Math.max(0, found - (hidden.get(status) ?? 0));
  };
  const { waiting, scheduled, active } = db.get<
    { waiting: number; scheduled: number; active: number }
  >(
    `SELECT coalesce(sum(waiting), 0) AS waiting, coalesce(sum(scheduled), 0) AS scheduled,
       coalesce(sum(active), 0) AS active FROM queues`,
  ) ?? { waiting: 0, scheduled: 0, active: 0 };
  const progress = count("PROGRESS");
  const retry = count("RETRY");
  const counted: Partial<Record<State, number>> = {
    PENDING: waiting + scheduled - retry,
    STARTED: active - progress,
    PROGRESS: progress,
    RETRY: retry,
  };
  return toCounts(STATES.map((state) => counted[state] ?? count(state)), scheduled, capped);
}
