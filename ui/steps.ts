/** A task's events as a person reads them: its steps, and its log. Pure. */

import type { State, TaskError, TaskEvent } from "../jobs/wire.ts";

/** A run of events in one state and stage. */
export interface Step {
  seq: number;
  status: State;
  stage: string | null;
  /** Percent at its first and at its last event. */
  from: number;
  to: number;
  /** When it began, ISO 8601. */
  at: string;
  attempt: number | null;
  worker: string | null;
  eta: string | null;
  error: TaskError | null;
}

/** Puts successive events of one state and stage together. */
export function stepsOf(events: TaskEvent[]): Step[] {
  const steps: Step[] = [];
  for (const event of events) {
    const last = steps.at(-1);
    if (last && continues(last, event)) {
      last.to = event.progress;
      continue;
    }
    steps.push({
      seq: event.seq,
      status: event.status,
      stage: event.stage,
      from: event.progress,
      to: event.progress,
      at: event.at,
      attempt: event.attempt ?? null,
      worker: event.worker ?? null,
      eta: event.eta ?? null,
      error: event.error ?? null,
    });
  }
  return steps;
}

function continues(step: Step, event: TaskEvent): boolean {
  return step.status === event.status && step.stage === event.stage &&
    (event.attempt === undefined || event.attempt === step.attempt) &&
    (event.worker === undefined || event.worker === step.worker) &&
    event.error === undefined && event.eta === undefined;
}

export interface LogLine {
  at: string;
  text: string;
}

export function logOf(events: TaskEvent[]): LogLine[] {
  return events.flatMap(({ at, log }) =>
    log === undefined ? [] : log.split("\n").map((text) => ({ at, text }))
  );
}
