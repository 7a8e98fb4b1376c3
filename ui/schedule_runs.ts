/** The history of a schedule as a person reads it. Pure. */

import type { ScheduleRun } from "../jobs/wire.ts";

/** A run, or several in a row that were skipped for the same reason. */
export interface Entry {
  /** The newest of them. */
  run: ScheduleRun;
  /** When the first of several was due; null of one. */
  from: string | null;
  /** How many there are in this entry. */
  count: number;
}

/** @param runs the newest first */
export function entriesOf(runs: ScheduleRun[]): Entry[] {
  const entries: Entry[] = [];
  for (const run of runs) {
    const last = entries.at(-1);
    if (last && run.skipped !== null && last.run.skipped === run.skipped && run.due_at !== null) {
      last.from = run.due_at;
      last.count++;
    } else {
      entries.push({ run, from: null, count: 1 });
    }
  }
  return entries;
}
