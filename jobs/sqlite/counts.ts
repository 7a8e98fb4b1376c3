/** How many tasks there are and how long they have waited, without looking at many of them. */

import { toCounts } from "../stored.ts";
import { PRIORITIES, type State, STATES, type TaskCounts } from "../wire.ts";
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

/** Of each queue and priority so many are looked at: what was handed back is in front of older ones. */
const MAX_LOOKED = 3;
const MAX_LANES = 10;

const IN_QUEUE = PRIORITIES.map((_, priority) =>
  `SELECT * FROM (SELECT ready FROM tasks INDEXED BY tasks_ready
     WHERE queue = ?1 AND priority = ${priority} AND status = 'PENDING' AND due IS NULL
       AND lane IS NULL ORDER BY position LIMIT ${MAX_LOOKED})`
);
const IN_LANES = `SELECT (SELECT ready FROM tasks INDEXED BY tasks_in_lanes
     WHERE queue = ?1 AND priority = lanes.priority AND lane = lanes.lane AND status = 'PENDING'
       AND due IS NULL AND lane IS NOT NULL ORDER BY position LIMIT 1) AS ready
   FROM (SELECT priority, lane FROM lanes WHERE queue = ?1 LIMIT ${MAX_LANES}) AS lanes`;
const READY_SINCE = `SELECT min(ready) AS since FROM (${
  [...IN_QUEUE, IN_LANES].join(" UNION ALL ")
})`;

/** For how long the first task of each queue could have run, in ms, where any waits. */
export function readOldestWaits(db: Database, now: number): Map<string, number> {
  const waits = new Map<string, number>();
  for (const { name } of db.all<{ name: string }>("SELECT name FROM queues WHERE waiting > 0")) {
    const since = db.get<{ since: number | null }>(READY_SINCE, name)?.since ?? null;
    if (since !== null) waits.set(name, Math.max(0, now - since));
  }
  return waits;
}
