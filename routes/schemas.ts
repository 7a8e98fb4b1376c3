/** The wire types as zod schemas, for the OpenAPI document. A drift from wire.ts fails the type check. */

import { z } from "@hono/zod-openapi";
import { RATE_RULE } from "../jobs/flow.ts";
import {
  type DeadGroups,
  type History,
  isRate,
  type Json,
  MISFIRES,
  ON_LOST,
  PRIORITIES,
  type QueueInfo,
  RANGES,
  type Rate,
  READY_STATES,
  type Schedule,
  type ScheduleRun,
  type State,
  STATES,
  type Stats,
  type SystemInfo,
  type Task,
  type TaskCounts,
  type TaskDetail,
  type TaskEvent,
  type TaskSummary,
  type TaskType,
  WAIT_REASONS,
  WORKER_MODES,
  type WorkerInfo,
} from "../jobs/wire.ts";

/** Any JSON value. */
export const AnyJson = z.custom<Json>((value) => value !== undefined).openapi("Json", {
  type: ["null", "boolean", "number", "string", "array", "object"],
});

const Time = z.iso.datetime();

/** A rate or none, for input too. It has no name of its own: a reference could not be null. */
export const RateOrNull = z.custom<Rate | null>(
  (value) => value === null || (typeof value === "string" && isRate(value)),
  { error: `${RATE_RULE}; or null` },
).openapi({ type: ["string", "null"], example: "10/m" });

const TaskErrorBody = z.object({
  type: z.string(),
  message: z.string(),
  stack: z.string().nullable(),
}).openapi("TaskError");

export const TaskBody = z.object({
  task_id: z.string(),
  name: z.string(),
  args: AnyJson,
  status: z.enum(STATES),
  stage: z.string().nullable(),
  progress: z.number(),
  meta: AnyJson,
  result: AnyJson,
  error: TaskErrorBody.nullable(),
  queue: z.string(),
  priority: z.enum(PRIORITIES),
  attempt: z.number().int(),
  retries: z.number().int(),
  max_retries: z.number().int(),
  deliveries: z.number().int(),
  worker: z.string().nullable(),
  schedule: z.string().nullable(),
  dead: z.boolean(),
  on_lost: z.enum(ON_LOST),
  concurrency_key: z.string().nullable(),
  concurrency_limit: z.number().int().nullable(),
  rate_limit: RateOrNull,
  unique_key: z.string().nullable(),
  time_limit: z.number().nullable(),
  soft_time_limit: z.number().nullable(),
  created_at: Time,
  eta: Time.nullable(),
  expires: Time.nullable(),
  started_at: Time.nullable(),
  finished_at: Time.nullable(),
  runtime_ms: z.number().nullable(),
  events: z.number().int(),
}).openapi("Task") satisfies z.ZodType<Task>;

export const TaskDetailBody: z.ZodType<TaskDetail> = TaskBody.extend({
  waiting_for: z.object({
    position: z.number().int().nullable().openapi({
      description: "How many tasks of its queue are before it; null where that is not known",
    }),
    reason: z.enum(WAIT_REASONS).nullable().openapi({
      description: "As far as can be told; null where it is about to start",
    }),
  }).nullable().openapi({ description: "Null once it has started" }),
}).openapi("TaskDetail");

export const SummaryBody = TaskBody.omit({ args: true, result: true, meta: true, error: true })
  .extend({
    args_preview: z.string().openapi({ description: "JSON text, cut off after 200 characters" }),
    result_preview: z.string().nullable(),
    error: z.object({ type: z.string(), message: z.string() }).nullable(),
  }).openapi("TaskSummary") satisfies z.ZodType<TaskSummary>;

const DeadGroupBody = z.object({
  name: z.string(),
  error_type: z.string(),
  message: z.string().openapi({ description: "With # for numbers and ids" }),
  count: z.number().int(),
  last_at: z.string(),
  example: z.string().openapi({ description: "The id of the last of them" }),
}).openapi("DeadGroup");

export const DeadGroupsBody: z.ZodType<DeadGroups> = z.object({
  count: z.number().int().openapi({ description: "Of how many dead tasks, the newest" }),
  groups: z.array(DeadGroupBody),
}).openapi("DeadGroups");

export const TaskEventBody: z.ZodType<TaskEvent> = z.object({
  seq: z.number().int(),
  task_id: z.string(),
  name: z.string(),
  status: z.enum(STATES),
  progress: z.number(),
  stage: z.string().nullable(),
  at: Time,
  worker: z.string().exactOptional(),
  attempt: z.number().int().exactOptional(),
  meta: AnyJson.exactOptional(),
  log: z.string().exactOptional(),
  eta: Time.exactOptional(),
  error: TaskErrorBody.exactOptional(),
  runtime_ms: z.number().exactOptional(),
}).openapi("TaskEvent");

export const QueueBody: z.ZodType<QueueInfo> = z.object({
  name: z.string(),
  waiting: z.number().int(),
  scheduled: z.number().int(),
  active: z.number().int(),
  paused: z.boolean(),
  rate_limit: RateOrNull,
  concurrency_limit: z.number().int().nullable(),
  oldest_wait_ms: z.number().int().nullable(),
  ended_per_minute: z.number().nullable(),
}).openapi("Queue");

const RunningTaskBody = z.object({
  task_id: z.string(),
  name: z.string(),
  queue: z.string(),
  attempt: z.number().int(),
  started_at: Time,
  stage: z.string().nullable(),
  slot: z.string(),
}).openapi("RunningTask");

const CommandOutcomeBody = z.object({
  id: z.string(),
  command: z.string(),
  done: z.boolean(),
  outcome: z.string(),
  at: Time,
}).openapi("CommandOutcome");

export const WorkerBody: z.ZodType<WorkerInfo> = z.object({
  name: z.string(),
  hostname: z.string(),
  pid: z.number().int(),
  mode: z.enum(WORKER_MODES),
  pool: z.enum(["threads", "async"]),
  concurrency: z.number().int(),
  min_concurrency: z.number().int(),
  max_concurrency: z.number().int(),
  queues: z.array(z.string()),
  version: z.string(),
  deno: z.string(),
  os: z.string(),
  started_at: Time,
  heartbeat_at: Time,
  active: z.number().int(),
  processed: z.number().int(),
  failed: z.number().int(),
  retried: z.number().int(),
  memory_mib: z.number(),
  load: z.tuple([z.number(), z.number(), z.number()]),
  cpu_percent: z.number(),
  time_limit: z.number(),
  soft_time_limit: z.number(),
  prefetch_multiplier: z.number().int(),
  max_tasks_per_child: z.number().int().nullable(),
  tasks: z.array(z.string()),
  running: z.array(RunningTaskBody),
  threads: z.array(z.object({
    slot: z.string(),
    tasks_done: z.number().int(),
    memory_mib: z.number().nullable(),
  })),
  last_command: CommandOutcomeBody.nullable(),
}).openapi("Worker");

const TaskTypeLimitsBody = z.object({
  rate_limit: RateOrNull,
  time_limit: z.number().nullable(),
  soft_time_limit: z.number().nullable(),
}).openapi("TaskTypeLimits");

export const TaskTypeBody: z.ZodType<TaskType> = TaskTypeLimitsBody.extend({
  name: z.string(),
  description: z.string(),
  queue: z.string(),
  priority: z.enum(PRIORITIES),
  max_retries: z.number().int(),
  defined: TaskTypeLimitsBody,
  set: TaskTypeLimitsBody,
  schema: z.record(z.string(), AnyJson),
}).openapi("TaskType");

const Count = z.number().int();

export const CountsBody: z.ZodType<TaskCounts> = z.object({
  all: Count,
  ...Object.fromEntries(STATES.map((state) => [state, Count])) as Record<State, typeof Count>,
  scheduled: Count,
  dead: Count,
  capped: z.boolean().openapi({
    description: "Some are only counted in part: of each state that ends a task 10,000 at most",
  }),
}).openapi("TaskCounts");

// Without a name of its own: a reference could not be null.
const PercentilesOrNull = z.object({ p50: z.number(), p95: z.number(), p99: z.number() })
  .nullable();

export const HistoryBody: z.ZodType<History> = z.object({
  range: z.enum(RANGES),
  step_seconds: z.number().int(),
  points: z.array(
    z.object({
      at: Time.openapi({ description: "The end of the step" }),
      enqueued: Count,
      succeeded: Count,
      failed: Count,
      revoked: Count,
      retried: Count,
      wait_ms: PercentilesOrNull,
      run_ms: PercentilesOrNull,
      queues: z.record(
        z.string(),
        z.object({ waiting: Count, scheduled: Count, active: Count, ended: Count }),
      ),
      workers: Count,
      slots: Count,
      busy: Count,
    }).openapi("HistoryPoint"),
  ),
}).openapi("History");

const HistogramBody = z.object({
  name: z.string(),
  buckets: z.array(z.number().int()),
  count: z.number().int(),
  sum_seconds: z.number(),
}).openapi("Histogram");

export const StatsBody: z.ZodType<Stats> = z.object({
  enqueued: z.number().int(),
  outcomes: z.array(z.object({
    name: z.string(),
    queue: z.string(),
    outcome: z.enum([...READY_STATES, "RETRY"]),
    count: z.number().int(),
  })),
  run_time: z.array(HistogramBody),
  wait_time: z.array(HistogramBody),
}).openapi("Stats");

export const SystemBody: z.ZodType<SystemInfo> = z.object({
  version: z.string(),
  deno: z.string(),
  started_at: Time,
  server: z.object({
    hostname: z.string(),
    pid: Count,
    memory_mib: z.number(),
    uptime_seconds: z.number(),
    sockets: Count,
  }),
  broker: z.object({
    kind: z.enum(["redis", "sqlite"]),
    location: z.string(),
    version: z.string(),
    memory_bytes: z.number().openapi({ description: "Of memory, or of a file on its disk" }),
    memory_limit_bytes: z.number().nullable(),
    keys: z.number().nullable(),
    clients: z.number().nullable(),
    details: z.record(z.string(), z.string()),
    answered_ms_ago: z.number().nullable().openapi({ description: "Before this was asked" }),
    round_trip_ms: z.number(),
  }),
  settings: z.array(
    z.object({
      variable: z.string(),
      value: z.union([z.string(), z.number(), z.boolean()]).nullable(),
      from: z.string().nullable(),
    }),
  ),
}).openapi("System");

export const ScheduleBody = z.object({
  name: z.string(),
  task: z.string(),
  args: AnyJson,
  cron: z.string().nullable(),
  timezone: z.string(),
  every: z.number().int().nullable(),
  start: Time.nullable(),
  end: Time.nullable(),
  misfire: z.enum(MISFIRES),
  queue: z.string().nullable(),
  priority: z.enum(PRIORITIES).nullable(),
  expires: z.number().nullable(),
  max_retries: z.number().int().nullable(),
  time_limit: z.number().nullable(),
  soft_time_limit: z.number().nullable(),
  unique: z.union([z.enum(["start", "end"]), z.number()]).nullable(),
  unique_key: z.string().nullable(),
  concurrency_key: z.string().nullable(),
  concurrency_limit: z.number().int().nullable(),
  paused: z.boolean(),
  in_code: z.boolean(),
  next_due_at: Time.nullable(),
  last_due_at: Time.nullable(),
  last_task_id: z.string().nullable(),
  created_at: Time,
  updated_at: Time,
}).openapi("Schedule") satisfies z.ZodType<Schedule>;

export const ScheduleRunBody: z.ZodType<ScheduleRun> = z.object({
  due_at: Time.nullable(),
  until: Time.nullable(),
  at: Time,
  task_id: z.string().nullable(),
  skipped: z.string().nullable(),
}).openapi("ScheduleRun");

/** What starting a task answers. */
export const StartedBody = z.object({
  task_id: z.string(),
  status: z.enum(STATES),
}).openapi("Started");

/** The same of a request that may meet a task which is there already. */
export const AcceptedBody = StartedBody.extend({
  created: z.boolean().openapi({
    description: "False for the task of an earlier request, under the same Idempotency-Key or " +
      "as unique keeps a second one out",
  }),
}).openapi("Accepted");

/** The answer of a route in the OpenAPI document. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}
