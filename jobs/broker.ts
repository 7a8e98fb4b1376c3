/**
 * What the engine needs of a store. Everything above talks to this interface alone, so that one
 * conformance suite (tests/broker_conformance.ts) covers every store.
 *
 * Two rules hold for all of it. The clock is the broker's, never the caller's. And a call may be
 * repeated: a task keeps the id that its creator gave it, and a claim's token is spent once.
 */

import type {
  BrokerFacts,
  OnLost,
  Priority,
  QueueInfo,
  Rate,
  State,
  Stats,
  SummaryPage,
  Task,
  TaskCounts,
  TaskError,
  TaskEvent,
  TaskTypeLimits,
  WorkerInfo,
} from "./wire.ts";
import type { AccessStore } from "./access_store.ts";
import type { CommandStore } from "./command_store.ts";
import type { SampleStore } from "./history_store.ts";
import type { ScheduleStore } from "./schedule_store.ts";

/** A moment: so long from now on the broker's clock, or a Unix time in milliseconds. */
export type When = { inMs: number } | { atMs: number };

/** Keeps a second task with the same key out: until the first starts, until it ends, or for a time. */
export interface Unique {
  key: string;
  /** With `ms` the time counts from its acceptance. A task that is revoked lets the next one in. */
  until: "start" | "end" | { ms: number };
}

/** A task as its creator hands it in. `args` is JSON text and is never parsed by the broker. */
export interface NewTask {
  id: string;
  name: string;
  args: string;
  queue: string;
  priority: Priority;
  maxRetries: number;
  /** Seconds, 0 for none, null for the worker's. */
  timeLimit: number | null;
  /** Seconds, 0 for none, null for the worker's. */
  softTimeLimit: number | null;
  eta?: When;
  expires?: When;
  /** A second enqueue under this key, within a day and while the first is known, answers the first. */
  idempotencyKey?: string;
  /** An enqueue while another task keeps this key answers that one, whatever its name and arguments. */
  unique?: Unique;
  /**
   * Starts only while fewer than `limit` tasks with this key run, in all queues together. The keys that
   * wait in a queue take turns, and so do they with the tasks that have none.
   */
  concurrency?: { key: string; limit: number };
  /** Starts of tasks of this name, in all queues together; see `limitTask`. */
  rateLimit?: Rate;
  /** Without it `requeue`. */
  onLost?: OnLost;
}

/**
 * Answer to one enqueued task. `created` is false where the id, the idempotency key or the unique key
 * was known; `conflict` is true where the idempotency key was used for another name or other arguments.
 */
export interface Receipt {
  id: string;
  status: State;
  created: boolean;
  conflict: boolean;
}

/** A task handed to a worker. `token` fences: only its holder may report or settle. */
export interface Claimed {
  id: string;
  token: number;
  name: string;
  args: string;
  queue: string;
  attempt: number;
  retries: number;
  maxRetries: number;
  timeLimit: number | null;
  softTimeLimit: number | null;
  onLost: OnLost;
}

/** Progress, log lines, or both, of a running task. */
export interface Report {
  id: string;
  token: number;
  progress?: { percent: number; stage: string | null; meta: string | null };
  log?: string;
}

/** How a run ended. `result` is JSON text. */
export type Outcome =
  | { state: "SUCCESS"; result: string }
  | { state: "FAILURE"; error: TaskError }
  /** Its own failure; runs again after the delay and spends a retry. */
  | { state: "RETRY"; error: TaskError; delayMs: number }
  /** Handed back unfinished: before all that was not handed back, no retry spent. */
  | { state: "PENDING" };

export interface Settlement {
  id: string;
  token: number;
  outcome: Outcome;
}

/** What a worker says of itself with each heartbeat. */
export type WorkerBeat = Omit<WorkerInfo, "heartbeat_at" | "active">;

/**
 * Which tasks: those that fit all that is given. Text is found anywhere, whatever the case of its ASCII
 * letters.
 */
export interface TaskFilter {
  /** Or one of several. */
  state?: State | State[] | undefined;
  name?: string | undefined;
  queue?: string | undefined;
  /** That runs it, or was the last to. */
  worker?: string | undefined;
  schedule?: string | undefined;
  /** How its id begins. */
  id?: string | undefined;
  /** Text in its arguments as JSON. */
  args?: string | undefined;
  /** Text in its result as JSON. */
  result?: string | undefined;
  /** Text in the type or the message of its error. */
  error?: string | undefined;
  /** Text in its id, name, arguments, result or error. */
  text?: string | undefined;
  /** Accepted then or later, Unix time in milliseconds. */
  since?: number | undefined;
  /** Accepted then or earlier, Unix time in milliseconds. */
  until?: number | undefined;
  /** Only those that have failed for good. */
  dead?: boolean | undefined;
}

export interface TaskQuery extends TaskFilter {
  /** At most 500. */
  limit: number;
  cursor?: string | undefined;
}

/** A page may be empty and yet not the last: one call looks at some thousand tasks, for 50 ms or so. */
export interface TaskPage {
  tasks: Task[];
  /** For the next page; null on the last. */
  cursor: string | null;
  /** How many tasks were looked at. */
  looked: number;
}

/** Whether the tasks that a walk answers stay where they are, or are made to leave before its next step. */
export type Walk = "stay" | "leave";

export interface WalkStep {
  ids: string[];
  /** For the next step; null after the last. */
  cursor: string | null;
  looked: number;
}

/** Hears every event of every task. After `onGap` some may have been missed: read them again. */
export interface EventListener {
  onEvents(events: TaskEvent[]): void;
  onGap(): void;
}

/** What wakes a worker. */
export interface WorkerListener {
  /** Tasks became ready in this queue, or, without a name, may have become so in any. */
  onReady(queue?: string): void;
  /** Something is now due sooner than the last `promote` said. */
  onSchedule(): void;
  /** A task that this worker runs under this token was revoked: stop it. */
  onRevoked(id: string, token: number): void;
  /** Commands may wait for this worker: take them. */
  onCommand(): void;
  /** The connection was lost and is back: a heartbeat now says so before others notice. */
  onReconnected(): void;
}

export interface Subscription {
  close(): Promise<void>;
}

/** Answer to revoke, retry and forget: done, or the state that stood in the way, or no such id. */
export type Change = { done: boolean; status: State } | null;

/** What a store knows of a queue by itself. */
export type QueueState = Omit<QueueInfo, "oldest_wait_ms" | "ended_per_minute">;

/** What to change of a queue's limits; null is none, what is absent stays. */
export interface QueueLimits {
  /** Starts of tasks of this queue. */
  rateLimit?: Rate | null;
  /** How many of its tasks may run at the same time. */
  concurrencyLimit?: number | null;
}

/** What to change of the limits of all tasks of a name; null is what each says itself, what is absent stays. */
export interface TaskLimits {
  /** Starts, in all queues together. */
  rateLimit?: Rate | null;
  /** Seconds, 0 for none: of runs that start from now on. */
  timeLimit?: number | null;
  softTimeLimit?: number | null;
}

export type NamedTaskLimits = { name: string } & TaskTypeLimits;

/** Celery keeps results for a day; an hour bounds the memory of a busy queue. */
export const DEFAULT_RESULT_EXPIRES = 3600;
/** A week, to find out why and run them again. */
export const DEFAULT_DEAD_EXPIRES = 7 * 24 * 3600;
/** Five missed heartbeats. */
export const DEFAULT_LEASE_MS = 10_000;

/** What each connection to a store may have of its own. */
export interface BrokerOptions {
  /** Seconds that ended tasks are kept; 0 keeps nothing. */
  resultExpires: number;
  /** Seconds that dead tasks are kept, if that is longer: the last 10,000 of them. */
  deadExpires: number;
  /** A worker that is silent for this long has lost its tasks. */
  leaseMs: number;
}

export interface Broker {
  /** Where it is, without credentials. */
  readonly location: string;
  /** When it last answered this process, by `performance.now()`; null if it never has. */
  readonly answeredAt: number | null;
  readonly schedules: ScheduleStore;
  readonly access: AccessStore;
  readonly commands: CommandStore;
  readonly samples: SampleStore;

  /** Accepts all tasks or, on an error, none. Answers in the same order. */
  enqueue(tasks: NewTask[]): Promise<Receipt[]>;
  get(id: string): Promise<Task | null>;
  /**
   * The newest first, one state at a time where several have not ended.
   * @throws {InvalidCursorError}
   */
  list(query: TaskQuery): Promise<TaskPage>;
  /** The same without what may be long. */
  summarize(query: TaskQuery): Promise<SummaryPage>;
  /**
   * Goes through all tasks that fit, the oldest first, but none that was accepted, or has ended, after
   * the first step.
   * @throws {InvalidCursorError}
   */
  walk(query: TaskQuery, kind: Walk): Promise<WalkStep>;
  /** How many tasks of its queue are before one that waits; null where that is not known. */
  position(id: string): Promise<number | null>;
  /** The events with a number above `after`, oldest first; null for an unknown task. */
  events(id: string, after: number): Promise<TaskEvent[] | null>;
  /** Ends a task that has not ended as REVOKED; a worker that runs it is told to stop. */
  revoke(id: string): Promise<Change>;
  /** Runs an ended task again as a new attempt, with other arguments (JSON text) if given. */
  retry(id: string, args?: string): Promise<Change>;
  /** Deletes an ended task. */
  forget(id: string): Promise<Change>;

  /** Takes up to `limit` ready tasks, in the order of `queues`; a worker that gets any is leased. */
  claim(worker: string, queues: string[], limit: number): Promise<Claimed[]>;
  /** Stores progress and log lines; false where the claim no longer holds. */
  report(worker: string, reports: Report[]): Promise<boolean[]>;
  /** Ends runs; false where the claim no longer holds and so nothing was changed. */
  settle(worker: string, settlements: Settlement[]): Promise<boolean[]>;
  /** Renews the worker's lease on all its tasks and answers which it holds, for comparison. */
  heartbeat(beat: WorkerBeat): Promise<{ id: string; token: number }[]>;
  /** Signs a worker off; what it still holds goes back to the front of its queues. */
  leave(worker: string): Promise<void>;
  /** Hands back the tasks of workers that are gone. Answers how many tasks. */
  reap(): Promise<number>;
  /**
   * Does what is due: makes delayed tasks ready, ends those that have expired, and wakes workers for
   * what a rate limit held back. Answers milliseconds until something is due again, or null.
   */
  promote(): Promise<number | null>;

  pause(queue: string): Promise<void>;
  resume(queue: string): Promise<void>;
  /** Ends as REVOKED all tasks of a queue that wait, also for their time. Answers how many. */
  purge(queue: string): Promise<number>;
  limitQueue(queue: string, limits: QueueLimits): Promise<void>;
  /** Sets what counts instead of the tasks' own limits. */
  limitTask(name: string, limits: TaskLimits): Promise<void>;
  /** What `limitTask` has set, by name. */
  taskLimits(): Promise<NamedTaskLimits[]>;
  queues(): Promise<QueueState[]>;
  workers(): Promise<WorkerInfo[]>;
  stats(): Promise<Stats>;
  /** For how long the first task of each queue could have run, in ms; without those where none waits. */
  oldestWaits(): Promise<Map<string, number>>;
  /** How many tasks there are by state, without looking at many of them. */
  counts(): Promise<TaskCounts>;

  subscribe(listener: EventListener): Promise<Subscription>;
  attend(worker: string, listener: WorkerListener): Promise<Subscription>;

  /** What the store says of itself. */
  facts(): Promise<BrokerFacts>;
  /** Rejects when the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The store did not answer or refused to; the call may have had its effect or not. */
export class BrokerUnavailableError extends Error {
  override name = "BrokerUnavailableError";
}

/** The store has no room for what the call would add, and has added none of it. */
export class BrokerFullError extends BrokerUnavailableError {
  override name = "BrokerFullError";
}

/**
 * The store cannot be used as it was named: a wrong password, a file that is no database of ours.
 * Trying again does not help.
 */
export class BrokerRefusedError extends Error {
  override name = "BrokerRefusedError";
}

/** A list was asked to go on where no page of this store has ended. */
export class InvalidCursorError extends Error {
  override name = "InvalidCursorError";
}
