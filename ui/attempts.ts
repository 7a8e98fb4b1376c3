/** A task's life as attempts: how long each waited and ran, where, and why it ended. Pure. */

import type { ReadyState, Task, TaskError, TaskEvent } from "../jobs/wire.ts";

/** From when it could be waited for to when it ended; times are ISO 8601. */
export interface Attempt {
  /** 1 for the first; a run whose worker was lost is repeated under its number. */
  number: number;
  /** When it was accepted, retried or given back. */
  from: string;
  /** Not before this time. */
  due: string | null;
  startedAt: string | null;
  endedAt: string | null;
  worker: string | null;
  /** How it ended; null while it has not. "GIVEN BACK": by a worker that was stopped, or lost. */
  end: ReadyState | "RETRY" | "GIVEN BACK" | null;
  error: TaskError | null;
}

/** The attempts of a task, the first first. Of a very long life the server has only the last events. */
export function attemptsOf(task: Task, events: TaskEvent[]): Attempt[] {
  const attempts: Attempt[] = [];
  let current = waiting(1, task.created_at, null);
  if (task.eta && task.attempt === 1 && !events.some(({ status }) => status === "RETRY")) {
    current.due = task.eta;
  }
  const begin = (number: number, from: string, due: string | null) => {
    current = waiting(number, from, due);
    attempts.push(current);
  };
  attempts.push(current);
  for (const { status, at, attempt, worker, error, eta } of events) {
    switch (status) {
      case "PENDING":
        if (current.end !== null) begin(current.number + 1, at, eta ?? null);
        else if (current.startedAt !== null) {
          Object.assign(current, { end: "GIVEN BACK", endedAt: at });
          begin(current.number, at, eta ?? null);
        }
        break;
      case "STARTED":
        if (current.startedAt === null || attempt !== undefined) {
          current.startedAt = at;
          current.number = attempt ?? current.number;
          current.worker = worker ?? null;
        }
        break;
      case "PROGRESS":
        current.startedAt ??= at; // its start is among the events that are gone
        break;
      case "RETRY":
        Object.assign(current, { end: "RETRY", endedAt: at, error: error ?? null });
        begin(current.number + 1, at, eta ?? null);
        break;
      default:
        if (current.end === null) {
          Object.assign(current, { end: status, endedAt: at, error: error ?? null });
        }
    }
  }
  return attempts;
}

function waiting(number: number, from: string, due: string | null): Attempt {
  return {
    number,
    from,
    due,
    startedAt: null,
    endedAt: null,
    worker: null,
    end: null,
    error: null,
  };
}

/** A piece of an attempt, from and to in Unix milliseconds. */
export interface Span {
  kind: "delayed" | "waiting" | "running";
  from: number;
  to: number;
}

/** The pieces of an attempt; what has not ended goes on until now. */
export function spansOf(attempt: Attempt, now: number): Span[] {
  const from = Date.parse(attempt.from);
  const end = attempt.endedAt === null ? Math.max(now, from) : Date.parse(attempt.endedAt);
  const started = attempt.startedAt === null ? end : Date.parse(attempt.startedAt);
  const due = attempt.due === null
    ? from
    : Math.min(started, Math.max(from, Date.parse(attempt.due)));
  const spans: Span[] = [
    { kind: "delayed", from, to: due },
    { kind: "waiting", from: due, to: started },
    { kind: "running", from: started, to: end },
  ];
  return spans.filter((span) => span.to > span.from);
}
