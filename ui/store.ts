/**
 * What the page knows, and how each message changes it. Pure functions without browser or network,
 * so that losing, repeating and reordering messages can be tested.
 */

import { isReady, type Task, type TaskEvent, type TaskMessage } from "../jobs/wire.ts";

/** What is known of one task. */
export interface Known {
  /** Null until the server has told. */
  task: Task | null;
  /** Ascending by number, each number once. */
  events: TaskEvent[];
  /** `events` holds all that the server still has up to this number. */
  completeTo: number;
  /** The state changed by an event, which carries less than the task: no result, no stack. */
  stale: boolean;
  /** The server does not know this id: it never existed, or it has expired. */
  missing: boolean;
}

/** Events kept of one task, the latest; a server keeps fewer. */
const MAX_EVENTS = 2000;

export const NOTHING: Known = {
  task: null,
  events: [],
  completeTo: 0,
  stale: false,
  missing: false,
};

/** The number of the last event that is known, after which to resume. */
export function lastSeq({ task, events }: Known): number {
  return Math.max(task?.events ?? 0, events.at(-1)?.seq ?? 0);
}

/** Takes in one message of the socket about this task. A repeated event changes nothing. */
export function apply(known: Known, message: TaskMessage): Known {
  switch (message.type) {
    case "snapshot": {
      const { task } = message;
      // Only a server whose data has been lost is behind: what it tells next follows this.
      const base = task.events < lastSeq(known) ? NOTHING : known;
      return { ...base, task, stale: false, missing: false };
    }
    case "event": {
      const { type: _, ...event } = message;
      return applyEvent(known, event);
    }
    case "unknown":
      return { ...known, missing: true, stale: false };
  }
}

/** Takes in a task that was asked for; events may have overtaken the answer. */
export function refresh(known: Known, task: Task): Known {
  if (task.events < lastSeq(known)) return known;
  return { ...known, task, stale: false, missing: false };
}

/**
 * Takes in events that were asked for: all that the server still had after `completeTo`.
 * @param upTo the last event that was known to exist when they were asked for
 */
export function addHistory(known: Known, history: TaskEvent[], upTo: number): Known {
  const bySeq = new Map([...known.events, ...history].map((event) => [event.seq, event]));
  const events = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  let completeTo = Math.max(known.completeTo, history.at(-1)?.seq ?? 0, upTo);
  while (bySeq.has(completeTo + 1)) completeTo++;
  return { ...known, events, completeTo };
}

function applyEvent(known: Known, event: TaskEvent): Known {
  let { task, events, completeTo, stale } = known;
  if (event.seq > (events.at(-1)?.seq ?? 0)) {
    events = [...events, event].slice(-MAX_EVENTS);
    if (event.seq === completeTo + 1) completeTo = event.seq;
  }
  if (task && event.seq > task.events) {
    stale ||= event.status !== task.status || event.attempt !== undefined;
    task = changed(task, event);
  }
  return { task, events, completeTo, stale, missing: false };
}

/** The task after an event. */
function changed(task: Task, event: TaskEvent): Task {
  const { seq, status, progress, stage, at } = event;
  const next: Task = {
    ...task,
    events: seq,
    status,
    progress,
    stage,
    meta: event.meta ?? task.meta,
    worker: event.worker ?? task.worker,
    attempt: event.attempt ?? task.attempt,
    eta: event.eta ?? (status === task.status ? task.eta : null),
    error: event.error ?? (status === task.status ? task.error : null),
  };
  if (isReady(status)) {
    next.finished_at = isReady(task.status) ? task.finished_at : at;
    next.runtime_ms = event.runtime_ms ?? task.runtime_ms;
  } else {
    next.result = null;
    next.finished_at = null;
    next.runtime_ms = null;
    if (status === "STARTED" && task.status !== "STARTED") next.started_at = at;
    if (status === "PENDING" || status === "RETRY") next.started_at = null;
  }
  return next;
}
