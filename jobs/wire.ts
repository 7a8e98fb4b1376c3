/**
 * The types and words that server, worker and page share. Imports nothing, so that a browser can
 * load it as it stands. Field names are snake_case because they are the JSON that users see.
 */

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Task states, with Celery's names; `PROGRESS` is a started task that has reported progress. */
export const STATES = [
  "PENDING",
  "STARTED",
  "PROGRESS",
  "RETRY",
  "SUCCESS",
  "FAILURE",
  "REVOKED",
] as const;
export type State = (typeof STATES)[number];

/** The states that end a task, Celery's READY_STATES. */
export const READY_STATES = ["SUCCESS", "FAILURE", "REVOKED"] as const;
export type ReadyState = (typeof READY_STATES)[number];

/** Whether a task in this state has ended. */
export function isReady(state: State): state is ReadyState {
  return (READY_STATES as readonly State[]).includes(state);
}

/** Priorities are words because the field disagrees on the direction of the numbers. High first. */
export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What a task name or queue name may look like. */
export const NAME_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$/;

/**
 * So many in a second, minute, hour or day, as in Celery: `10/m`. They are spread evenly: `10/m` is one
 * every 6 seconds, not ten at once.
 */
export type Rate = `${number}/${"s" | "m" | "h" | "d"}`;

const PERIODS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Whether text is a rate; none is 0, negative or faster than 100,000 a second. */
export function isRate(text: string): text is Rate {
  return /^\d{1,9}(\.\d{1,6})?\/[smhd]$/.test(text) && intervalMs(text as Rate) >= 0.01 &&
    intervalMs(text as Rate) <= 366 * PERIODS_MS.d;
}

/** Milliseconds from one to the next. */
export function intervalMs(rate: Rate): number {
  const [count, period] = rate.split("/") as [string, keyof typeof PERIODS_MS];
  return PERIODS_MS[period] / Number(count);
}

/** What is done with a task whose worker is lost: run again, or fail, so that it never runs twice. */
export const ON_LOST = ["requeue", "fail"] as const;
export type OnLost = (typeof ON_LOST)[number];

/** Why a task failed. `stack` is null where there is none to show. */
export interface TaskError {
  type: string;
  message: string;
  stack: string | null;
}

/** Everything about one task. Times are ISO 8601 in UTC. */
export interface Task {
  task_id: string;
  name: string;
  args: Json;
  status: State;
  /** Free text that the task sets along with its progress, for example "PROCESSING". */
  stage: string | null;
  /** Percent, 0 to 100. */
  progress: number;
  /** What else the task reported with its last progress. */
  meta: Json;
  result: Json;
  error: TaskError | null;
  queue: string;
  priority: Priority;
  /** 1 for the first run; each retry, automatic or asked for, adds one. */
  attempt: number;
  /** How many retries its own failures have cost since it was last started by hand. */
  retries: number;
  max_retries: number;
  /** How often it was handed to a worker; a lost worker adds one here and none to `retries`. */
  deliveries: number;
  worker: string | null;
  /** The name of the schedule that started it. */
  schedule: string | null;
  /** It has failed for good, and waits to be looked at, replayed or forgotten. */
  dead: boolean;
  on_lost: OnLost;
  /** Tasks with the same key take turns; see `concurrency_limit`. */
  concurrency_key: string | null;
  /** How many tasks with its key may run at the same time; null without a key. */
  concurrency_limit: number | null;
  /** Of its name, where nothing else was set for that at run time. */
  rate_limit: Rate | null;
  /** What it keeps, or kept, other tasks out by. */
  unique_key: string | null;
  /** Seconds; 0 is no limit, null leaves it to the worker. */
  time_limit: number | null;
  /** Seconds; 0 is no limit, null leaves it to the worker. */
  soft_time_limit: number | null;
  created_at: string;
  /** Not before this time: a delayed task, or one that waits for its retry. */
  eta: string | null;
  /** Ends as REVOKED if it has not started by then. */
  expires: string | null;
  started_at: string | null;
  finished_at: string | null;
  runtime_ms: number | null;
  /** Number of its last event. */
  events: number;
}

/** A task in a list, with what may be long shortened to at most 200 characters, the last then "…". */
export interface TaskSummary extends Omit<Task, "args" | "result" | "meta" | "error"> {
  /** JSON text. */
  args_preview: string;
  /** JSON text; null where there is no result. */
  result_preview: string | null;
  error: Omit<TaskError, "stack"> | null;
}

/** One page of a list. It may be empty and yet not the last: a request looks at so many tasks only. */
export interface SummaryPage {
  tasks: TaskSummary[];
  /** For the next page; null on the last. */
  cursor: string | null;
  /** How many tasks were looked at for it. */
  looked: number;
}

/** Why a task that waits has not started. */
export const WAIT_REASONS = [
  "paused",
  "rate",
  "concurrency",
  "time",
  "no worker",
  "workers busy",
] as const;

/** What a task that has not started waits for. */
export interface WaitingFor {
  /** How many tasks of its queue are before it; null where that is not known. */
  position: number | null;
  reason: (typeof WAIT_REASONS)[number] | null;
}

/** A task as `GET /tasks/{id}` answers it. */
export interface TaskDetail extends Task {
  /** Null once it has started. */
  waiting_for: WaitingFor | null;
}

/** What can be done with many tasks at once: cancel what has not ended, retry or delete what has. */
export const BULK_ACTIONS = ["cancel", "retry", "delete"] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** What one step of such an action did. */
export interface BulkStep {
  /** Tasks that fit. */
  matched: number;
  /** Those with which it was done; in a dry run those with which it would be. */
  done: number;
  /** The others: unknown by now, or in a state that does not allow it. */
  skipped: number;
  looked: number;
  /** For the next step; null after the last. */
  cursor: string | null;
}

/** A message without what differs each time: ids, hexadecimal and other numbers. */
export function sameMessage(message: string): string {
  return message
    .replace(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, "#")
    .replace(/\b(?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{8,})\b/gi, "#")
    .replace(/\d+(?:[.,:]\d+)*/g, "#");
}

/** Dead tasks of one name that failed with the same error. */
export interface DeadGroup {
  name: string;
  error_type: string;
  /** With numbers and ids replaced by "#", which is what makes errors the same. */
  message: string;
  count: number;
  /** When the last of them failed, ISO 8601. */
  last_at: string;
  /** The id of the last of them. */
  example: string;
}

export interface DeadGroups {
  /** Of how many dead tasks: the newest 10,000 at most. */
  count: number;
  /** The largest first. */
  groups: DeadGroup[];
}

/** One numbered step in a task's life. What is absent did not change. */
export interface TaskEvent {
  /** 1, 2, 3 … per task, without a gap. */
  seq: number;
  task_id: string;
  name: string;
  status: State;
  progress: number;
  stage: string | null;
  /** ISO 8601. */
  at: string;
  worker?: string;
  attempt?: number;
  meta?: Json;
  /** One or more log lines, separated by newlines. */
  log?: string;
  eta?: string;
  /** Without the stack, and with a shortened message: ask for the task to see all of it. */
  error?: TaskError;
  runtime_ms?: number;
}

export interface QueueInfo {
  name: string;
  /** Ready to run now. */
  waiting: number;
  /** Waiting for their time. */
  scheduled: number;
  /** Held by workers. */
  active: number;
  paused: boolean;
  /** Starts of its tasks; null for no limit. */
  rate_limit: Rate | null;
  /** How many of its tasks may run at the same time; null for no limit. */
  concurrency_limit: number | null;
  /** For how long the one that has waited longest could have run; null where none waits. */
  oldest_wait_ms: number | null;
  /** How many of its tasks ended, by the samples of the last minute; null where these do not say. */
  ended_per_minute: number | null;
}

/** How many tasks there are by state; `dead` are those in FAILURE. */
export type TaskCounts = Record<State, number> & {
  all: number;
  /** Those that wait for their time: some of those in PENDING and RETRY. */
  scheduled: number;
  dead: number;
  /** Some are only counted in part: of each state that ends a task 10,000 at most. */
  capped: boolean;
};

/** A quiet worker takes no more tasks, a stopping one will be gone when what it runs has ended. */
export const WORKER_MODES = ["working", "quiet", "stopping"] as const;
export type WorkerMode = (typeof WORKER_MODES)[number];

/** A task that a worker runs. */
export interface RunningTask {
  task_id: string;
  name: string;
  queue: string;
  attempt: number;
  /** By the worker's clock. */
  started_at: string;
  /** What it last said that it is at, shortened. */
  stage: string | null;
  /** Where in its pool: the slot of a thread, or "main" for all tasks of an async pool. */
  slot: string;
}

/** A thread of a worker's pool. */
export interface ThreadInfo {
  slot: string;
  /** Since this thread began. */
  tasks_done: number;
  /** Heap and array buffers when it last looked, garbage included; null before its first task. */
  memory_mib: number | null;
}

export const WORKER_COMMANDS = [
  "quiet",
  "resume",
  "shutdown",
  "grow",
  "shrink",
  "autoscale",
  "restart-pool",
  "add-queue",
  "remove-queue",
] as const satisfies WorkerCommand["command"][];

/** What a worker can be told, in the words of the URL and the command line. */
export type WorkerCommand =
  | { command: "quiet" | "resume" | "shutdown" | "restart-pool" }
  | { command: "grow" | "shrink"; n: number }
  | { command: "autoscale"; min: number; max: number }
  | { command: "add-queue" | "remove-queue"; queue: string };

/** What became of a command to a worker. */
export interface CommandOutcome {
  id: string;
  command: string;
  /** False where it was refused or has failed. */
  done: boolean;
  /** In words. */
  outcome: string;
  /** By the worker's clock. */
  at: string;
}

export interface WorkerInfo {
  name: string;
  hostname: string;
  pid: number;
  mode: WorkerMode;
  pool: "threads" | "async";
  /** Slots in its pool now. */
  concurrency: number;
  /** Between these bounds that number follows the need; without `--autoscale` they are equal. */
  min_concurrency: number;
  max_concurrency: number;
  queues: string[];
  version: string;
  /** Version of Deno, and the system that it runs on. */
  deno: string;
  os: string;
  started_at: string;
  /** The broker's time of its last sign of life. */
  heartbeat_at: string;
  /** Tasks that it holds. */
  active: number;
  /** Runs that have ended since its start, and how many of them failed for good or are to be retried. */
  processed: number;
  failed: number;
  retried: number;
  /** Resident memory in MiB. */
  memory_mib: number;
  /** Load average of its machine over 1, 5 and 15 minutes. */
  load: [number, number, number];
  /** Of one core, since its heartbeat before. */
  cpu_percent: number;
  /** Seconds for tasks that set none; 0 for no limit. */
  time_limit: number;
  soft_time_limit: number;
  prefetch_multiplier: number;
  /** Null where a thread is not replaced for its age. */
  max_tasks_per_child: number | null;
  /** Names of the tasks that it can run, at most 500. */
  tasks: string[];
  /** At most 100. */
  running: RunningTask[];
  /** At most 100; none in an async pool. */
  threads: ThreadInfo[];
  last_command: CommandOutcome | null;
}

/** What becomes of a schedule's ticks that nobody was there for: none, the last or all of them run. */
export const MISFIRES = ["skip", "last", "all"] as const;
export type Misfire = (typeof MISFIRES)[number];

/** A task that is started again and again. Times are ISO 8601 in UTC. */
export interface Schedule {
  name: string;
  task: string;
  args: Json;
  /** Five fields, or six with seconds in front; null where `every` counts. */
  cron: string | null;
  /** The zone whose clock `cron` follows. */
  timezone: string;
  /** Seconds; null where `cron` counts. */
  every: number | null;
  start: string | null;
  end: string | null;
  misfire: Misfire;
  /** How its tasks differ from their definition; null where they do not. */
  queue: string | null;
  priority: Priority | null;
  /** Seconds after which a task of it is not started any more. */
  expires: number | null;
  max_retries: number | null;
  time_limit: number | null;
  soft_time_limit: number | null;
  unique: "start" | "end" | number | null;
  unique_key: string | null;
  concurrency_key: string | null;
  concurrency_limit: number | null;
  paused: boolean;
  /** Declared in code: it can be paused and changed, and is deleted there. */
  in_code: boolean;
  /** Null while it is paused, and when it has ended. */
  next_due_at: string | null;
  /** When its last task was due, and that task. */
  last_due_at: string | null;
  last_task_id: string | null;
  created_at: string;
  updated_at: string;
}

/** What became of a tick of a schedule, or of several that were skipped. */
export interface ScheduleRun {
  /** Null where it was asked for by hand. */
  due_at: string | null;
  /** Where several were skipped, the last of them. */
  until: string | null;
  /** When that was decided. */
  at: string;
  task_id: string | null;
  /** Why there is no task of its own. */
  skipped: string | null;
}

/** What can be said for all tasks of a name; null where nothing is. */
export interface TaskTypeLimits {
  /** How many may start. */
  rate_limit: Rate | null;
  /** Seconds; 0 is no limit. */
  time_limit: number | null;
  /** Seconds; 0 is no limit. */
  soft_time_limit: number | null;
}

/**
 * A task name with what the page needs to draw a form for it. Its limits are those that count: what was
 * set at run time, else what its definition says; where both are null, each worker's own count.
 */
export interface TaskType extends TaskTypeLimits {
  name: string;
  description: string;
  queue: string;
  priority: Priority;
  max_retries: number;
  defined: TaskTypeLimits;
  set: TaskTypeLimits;
  /** JSON Schema (2020-12) of `args`. */
  schema: { [key: string]: Json };
}

/** Upper bounds of the duration histograms, in seconds; a last bucket holds what is longer. */
export const DURATION_BUCKETS = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30],
  ...[60, 120, 300, 600, 1200, 1800, 3600],
] as const;

/** Durations of finished runs of one task name. */
export interface Histogram {
  name: string;
  /** One count per bucket of DURATION_BUCKETS and one for what is longer; not cumulative. */
  buckets: number[];
  count: number;
  sum_seconds: number;
}

/** Totals since the broker's data began. */
export interface Stats {
  enqueued: number;
  /** Ended runs by task name, queue and how they ended; RETRY counts runs that will be repeated. */
  outcomes: { name: string; queue: string; outcome: ReadyState | "RETRY"; count: number }[];
  /** From start to end of each run. */
  run_time: Histogram[];
  /** From ready to run to started. */
  wait_time: Histogram[];
}

/** What a person or a program may do, each more than the one before. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Whether a role may do what another one is needed for. */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** How somebody proved who they are; `open` where nobody has to. */
export const CREDENTIALS = ["session", "basic", "token", "open"] as const;
export type Via = (typeof CREDENTIALS)[number];

/** Who asks, as the server sees it. */
export interface Me {
  /** Whether anybody has to log in. */
  auth: boolean;
  /** Name of the user or the token; null where nobody has one, or nobody is logged in. */
  user: string | null;
  /** Null while nobody is logged in. */
  role: Role | null;
  via: Via | null;
  /** Nobody may change anything here. */
  read_only: boolean;
  /** When a session ends that is not used any more. */
  expires_at: string | null;
}

/** Where a user or a token is kept: those in a file are changed there and not over HTTP. */
export const ACCESS_SOURCES = ["file", "broker"] as const;
export type AccessSource = (typeof ACCESS_SOURCES)[number];

/** Someone who may log in with a password. */
export interface User {
  name: string;
  role: Role;
  source: AccessSource;
  /** Null where it is not known. */
  created_at: string | null;
}

/** What a program may come in with. */
export interface ApiToken {
  name: string;
  role: Role;
  source: AccessSource;
  created_at: string | null;
}

/** Something that somebody did, or was refused to do. */
export interface AuditEntry {
  /** ISO 8601. */
  at: string;
  /** Name of the user or the token; null for nobody known. */
  actor: string | null;
  role: Role | null;
  via: Via | null;
  /** What was done, such as `queue.pause`. */
  action: string;
  /** What it was done to: a name or an id. */
  target: string | null;
  /** What was asked for, shortened, without secrets. */
  detail: string | null;
  /** The status of the answer: from 400 on it was not done. */
  status: number;
  /** Address of the client. */
  ip: string | null;
}

/** How far back a history goes. */
export const RANGES = ["15m", "1h", "24h", "7d"] as const;
export type Range = (typeof RANGES)[number];

/** What happened over time, oldest first. Where nobody took samples, points are missing. */
export interface History {
  range: Range;
  step_seconds: number;
  points: HistoryPoint[];
}

/** What happened in one step; queues, workers and slots are as they were at its end. */
export interface HistoryPoint {
  /** The end of the step. */
  at: string;
  enqueued: number;
  succeeded: number;
  failed: number;
  revoked: number;
  /** Runs that failed and will be repeated. */
  retried: number;
  /** From ready to run to started; null where nothing started. */
  wait_ms: Percentiles | null;
  /** From start to end of each run; null where none ended. */
  run_ms: Percentiles | null;
  /** The busiest 50. */
  queues: {
    [name: string]: { waiting: number; scheduled: number; active: number; ended: number };
  };
  workers: number;
  slots: number;
  busy: number;
}

/** Milliseconds, estimated from the buckets of a histogram. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** What one server and its broker are. */
export interface SystemInfo {
  version: string;
  deno: string;
  started_at: string;
  server: {
    hostname: string;
    pid: number;
    /** Resident memory. */
    memory_mib: number;
    uptime_seconds: number;
    /** Open WebSockets. */
    sockets: number;
  };
  broker: BrokerFacts & {
    /** How long ago it last answered this server, before this was asked. */
    answered_ms_ago: number | null;
    round_trip_ms: number;
  };
  /** The settings that this server runs with; what is secret is hidden. */
  settings: SettingInfo[];
}

/** What a store says of itself. */
export interface BrokerFacts {
  kind: "redis" | "sqlite";
  /** Without credentials. */
  location: string;
  /** Of Redis or SQLite. */
  version: string;
  /** What Redis uses of its machine's memory, or a file of its disk. */
  memory_bytes: number;
  memory_limit_bytes: number | null;
  /** In Redis. */
  keys: number | null;
  /** Connections to Redis. */
  clients: number | null;
  /** What else is worth knowing, as label and text. */
  details: { [label: string]: string };
}

export interface SettingInfo {
  /** The environment variable that sets it. */
  variable: string;
  /** Null where it is not set. */
  value: string | number | boolean | null;
  /** Where the value comes from; null where it is not set. */
  from: string | null;
}

/** What `/ws` tells, besides tasks, to those who ask for it, and again when it has changed. */
export interface TopicData {
  counts: TaskCounts;
  queues: QueueInfo[];
  workers: WorkerInfo[];
  /** The newest point, one for each step of 10 seconds; null while there are no two samples. */
  history: HistoryPoint | null;
  /** The first 500, by name. */
  schedules: Schedule[];
  dead: DeadGroups;
}
export type Topic = keyof TopicData;
export const TOPICS = ["counts", "queues", "workers", "history", "schedules", "dead"] as const;

/** What a client may send on `/ws`. */
export interface ClientMessage {
  /** Task ids, or `{ id: after }` to resume each after a sequence number. */
  subscribe?: string[] | { [task_id: string]: number };
  unsubscribe?: string[];
  /** What to be told of besides tasks, instead of what was asked for before. */
  topics?: Topic[];
}

/** The latest of a topic. */
export type TopicMessage = {
  [T in Topic]: { type: "topic"; topic: T; data: TopicData[T] };
}[Topic];

/** What the server says of one task. */
export type TaskMessage =
  | { type: "snapshot"; task: Task }
  | ({ type: "event" } & TaskEvent)
  | { type: "unknown"; task_id: string };

/** What the server sends on a WebSocket. Events follow the snapshot that they continue. */
export type ServerMessage = TaskMessage | TopicMessage | { type: "error"; detail: string };
