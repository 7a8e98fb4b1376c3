/** What the numbered events of one task say: that they are whole, and how its runs ended. */

import { isReady, type State, type TaskEvent } from "../../jobs/wire.ts";
import type { Absence } from "./fleet.ts";

/** One delivery to a worker, by Unix time in ms. */
export interface Run {
  /** As its process was called by the fleet. */
  worker: string;
  from: number;
  to: number;
  /** PENDING where it was handed back. */
  end: State;
  /** When the next run began, where there was one. */
  next: number | null;
}

/** The task's runs, in their order. */
export function runsOf(events: TaskEvent[]): Run[] {
  const runs: Run[] = [];
  let open: Run | undefined;
  for (const { status, at, worker } of events) {
    const time = Date.parse(at);
    if (status === "STARTED" && worker !== undefined) {
      const last = runs.at(-1);
      if (last) last.next = time;
      open = { worker: processOf(worker), from: time, to: NaN, end: status, next: null };
    } else if (open && status !== "STARTED" && status !== "PROGRESS") {
      runs.push({ ...open, to: time, end: status });
      open = undefined;
    }
  }
  return runs;
}

/** What is wrong with the events of a task that has ended; null for nothing. */
export function mistakeIn(events: TaskEvent[]): string | null {
  if (events.some(({ seq }, i) => seq !== i + 1)) return "the numbers of its events have a gap";
  const finals = events.filter(({ status }) => isReady(status));
  if (finals.length !== 1) return `it has ${finals.length} final events`;
  if (events.at(-1) !== finals[0]) return "its events go on after the final one";
  return null;
}

/** A worker's name without what makes it unique: as its process was called. */
function processOf(worker: string): string {
  return worker.slice(0, worker.lastIndexOf("-"));
}

/** What kept its worker from working during a run, if anything did; the last there was. */
export function absenceIn(run: Run, absences: Absence[]): Absence | undefined {
  return absences.findLast(({ worker, from, to }) =>
    worker === run.worker && from <= run.to && to >= run.from
  );
}
