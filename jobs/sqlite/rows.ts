/** What a row of the database looks like, and from there to the wire. */

import { shorten, shortError } from "../search.ts";
import { iso } from "../stored.ts";
import {
  type Json,
  type OnLost,
  PRIORITIES,
  type Rate,
  type State,
  type Task,
  type TaskError,
  type TaskSummary,
} from "../wire.ts";

/** One row of `tasks`; its columns are explained in schema.sql and schema_2.sql. */
export interface TaskRow {
  n: number;
  id: string;
  name: string;
  args: string;
  queue: string;
  priority: number;
  status: State;
  place: number;
  position: number;
  due: number | null;
  seq: number;
  attempt: number;
  retries: number;
  max_retries: number;
  deliveries: number;
  lost: number;
  time_limit: number | null;
  soft_time_limit: number | null;
  created: number;
  ready: number;
  eta: number | null;
  expires: number | null;
  started: number | null;
  finished: number | null;
  worker: string | null;
  progress: number;
  stage: string | null;
  meta: string | null;
  result: string | null;
  error: string | null;
  kept_until: number | null;
  schedule: string | null;
  on_lost: OnLost;
  concurrency_key: string | null;
  concurrency_limit: number | null;
  rate_limit: Rate | null;
  unique_key: string | null;
  unique_until: "start" | "end" | number | null;
  lane: string | null;
  dead: 1 | null;
}

/** Those of its columns that a change looks at; what may be long is left out. */
const BRIEF_COLUMNS = [
  "n",
  "id",
  "name",
  "queue",
  "priority",
  "status",
  "due",
  "seq",
  "attempt",
  "retries",
  "deliveries",
  "lost",
  "started",
  "worker",
  "progress",
  "stage",
  "on_lost",
  "concurrency_key",
  "rate_limit",
  "unique_key",
  "unique_until",
  "lane",
] as const satisfies (keyof TaskRow)[];

export type BriefRow = Pick<TaskRow, (typeof BRIEF_COLUMNS)[number]>;
export const BRIEF = BRIEF_COLUMNS.join(", ");

/** Those that are always short and on the wire. */
const SHORT_COLUMNS = [
  "id",
  "name",
  "queue",
  "priority",
  "status",
  "seq",
  "attempt",
  "retries",
  "max_retries",
  "deliveries",
  "time_limit",
  "soft_time_limit",
  "created",
  "eta",
  "expires",
  "started",
  "finished",
  "worker",
  "progress",
  "stage",
  "schedule",
  "on_lost",
  "concurrency_key",
  "concurrency_limit",
  "rate_limit",
  "unique_key",
] as const satisfies (keyof TaskRow)[];

type ShortRow = Pick<TaskRow, (typeof SHORT_COLUMNS)[number]>;

/** A row without what may be long: of that the first characters. */
export type SummaryRow = ShortRow & Pick<TaskRow, "args" | "result"> & {
  error_type: string | null;
  error_message: string | null;
};

/** More than a preview has, to tell what was cut. */
const CUT = "1, 201";
export const SUMMARY = `${SHORT_COLUMNS.join(", ")}, substr(args, ${CUT}) AS args,
  substr(result, ${CUT}) AS result, substr(error ->> '$.type', ${CUT}) AS error_type,
  substr(error ->> '$.message', ${CUT}) AS error_message`;

export function toTask(row: TaskRow): Task {
  return {
    ...short(row),
    args: json(row.args),
    meta: json(row.meta),
    result: json(row.result),
    error: json(row.error) as TaskError | null,
  };
}

export function toSummary(row: SummaryRow): TaskSummary {
  const { error_type: type, error_message: message } = row;
  return {
    ...short(row),
    args_preview: shorten(row.args),
    result_preview: row.result === null ? null : shorten(row.result),
    error: type === null ? null : shortError({ type, message: message ?? "" }),
  };
}

function short(row: ShortRow): Omit<Task, "args" | "meta" | "result" | "error"> {
  const { started, finished } = row;
  return {
    task_id: row.id,
    name: row.name,
    status: row.status,
    stage: json(row.stage) as string | null,
    progress: row.status === "SUCCESS" ? 100 : row.progress,
    queue: row.queue,
    priority: PRIORITIES[row.priority] ?? "normal",
    attempt: row.attempt,
    retries: row.retries,
    max_retries: row.max_retries,
    deliveries: row.deliveries,
    worker: row.worker,
    schedule: row.schedule,
    dead: row.status === "FAILURE",
    on_lost: row.on_lost,
    concurrency_key: row.concurrency_key,
    concurrency_limit: row.concurrency_limit,
    rate_limit: row.rate_limit,
    unique_key: row.unique_key,
    time_limit: row.time_limit,
    soft_time_limit: row.soft_time_limit,
    created_at: iso(row.created),
    eta: time(row.eta),
    expires: time(row.expires),
    started_at: time(started),
    finished_at: time(finished),
    runtime_ms: started !== null && finished !== null ? Math.max(0, finished - started) : null,
    events: row.seq,
  };
}

function json(text: string | null): Json {
  return text === null ? null : JSON.parse(text);
}

function time(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
