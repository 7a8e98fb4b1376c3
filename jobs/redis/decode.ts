/** From what Redis holds to what the wire shows. Replies of our own scripts are trusted. */

import type { Claimed, NamedTaskLimits, QueueState, Receipt } from "../broker.ts";
import { shorten, shortError } from "../search.ts";
import { iso, toEvent } from "../stored.ts";
import type {
  Json,
  OnLost,
  Priority,
  Rate,
  State,
  Task,
  TaskError,
  TaskEvent,
  TaskSummary,
  WorkerInfo,
  WorkerMode,
} from "../wire.ts";

type Fields = Map<string, string>;

/** Cuts a flat reply into rows. */
export function chunks<Row extends unknown[]>(flat: readonly unknown[], size: number): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < flat.length; i += size) rows.push(flat.slice(i, i + size) as Row);
  return rows;
}

/** @param reply what `accept` in scripts/accept.lua answers of tasks that were not created */
export function toReceipts(tasks: readonly { id: string }[], reply: unknown): Receipt[] {
  const receipts = tasks.map(({ id }): Receipt => ({
    id,
    status: "PENDING",
    created: true,
    conflict: false,
  }));
  type Other = [place: number, id: string, status: State, conflict: number];
  for (const [place, id, status, conflict] of reply as Other[]) {
    receipts[place - 1] = { id, status, created: false, conflict: conflict === 1 };
  }
  return receipts;
}

/** What scripts/claim.lua answers. */
export function toClaimed(reply: unknown): Claimed[] {
  type Run = [token: string, name: string, queue: string, terms: string, ...idsAndArgs: string[]];
  return (reply as Run[]).flatMap(([token, name, queue, terms, ...idsAndArgs]) => {
    const alike = { token: Number(token), name, queue, ...(terms ? toTerms(terms) : MOST_HAVE) };
    return chunks<[id: string, args: string]>(idsAndArgs, 2).map(([id, args]) => ({
      id,
      args,
      ...alike,
    }));
  });
}

type Terms = Omit<Claimed, "id" | "token" | "name" | "args" | "queue">;

const MOST_HAVE = toTerms("1 0 3 - - requeue");

function toTerms(words: string): Terms {
  const [attempt, retries, maxRetries, timeLimit, softTimeLimit, onLost] = words.split(" ");
  return {
    attempt: Number(attempt),
    retries: Number(retries),
    maxRetries: Number(maxRetries),
    timeLimit: timeLimit === "-" ? null : Number(timeLimit),
    softTimeLimit: softTimeLimit === "-" ? null : Number(softTimeLimit),
    onLost: onLost as OnLost,
  };
}

/** What scripts/queues.lua answers. */
export function toQueues(reply: unknown): QueueState[] {
  type Row = [
    name: string,
    waiting: number,
    scheduled: number,
    active: number,
    paused: number,
    rate: Rate | "",
    concurrency: string,
  ];
  return (reply as Row[]).map((row) => {
    const [name, waiting, scheduled, active, paused, rate, concurrency] = row;
    return {
      name,
      waiting,
      scheduled,
      active,
      paused: paused === 1,
      rate_limit: rate || null,
      concurrency_limit: concurrency ? Number(concurrency) : null,
    };
  });
}

/** A flat list of fields and values, as HGETALL gives it. */
export function toFields(flat: readonly string[]): Fields {
  const fields: Fields = new Map();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? "", flat[i + 1] ?? "");
  return fields;
}

/** JSON text, or null where there is none. */
function json(text: string | undefined): Json {
  return text === undefined ? null : JSON.parse(text);
}

export function toTask(id: string, flat: readonly string[]): Task {
  const fields = toFields(flat);
  return {
    ...short(id, fields),
    args: json(fields.get("args")),
    meta: json(fields.get("meta")),
    result: json(fields.get("result")),
    error: json(fields.get("error")) as TaskError | null,
  };
}

/** The same of fields that were shortened already, but by bytes. */
export function toSummary(id: string, flat: readonly string[]): TaskSummary {
  const fields = toFields(flat);
  const result = fields.get("result");
  return {
    ...short(id, fields),
    args_preview: shorten(fields.get("args") ?? "null"),
    result_preview: result === undefined ? null : shorten(result),
    error: shortError(json(fields.get("error")) as TaskError | null),
  };
}

/** Numbers of the last event that a first run leaves out. */
const FIRST_SEQ: Partial<Record<State, number>> = { STARTED: 2, SUCCESS: 3 };

/** What of a task is always short. */
function short(id: string, fields: Fields): Omit<Task, "args" | "meta" | "result" | "error"> {
  const number = (name: string, fallback: number) => Number(fields.get(name) ?? fallback);
  const time = (name: string) => {
    const ms = fields.get(name);
    return ms === undefined ? null : iso(ms);
  };
  const limit = (name: string) => fields.has(name) ? number(name, 0) : null;
  const status = fields.get("status") as State;
  const worker = fields.get("worker") ?? null;
  const started = fields.get("started");
  const finished = fields.get("finished");
  return {
    task_id: id,
    name: fields.get("name") ?? "",
    status,
    stage: fields.get("stage") ?? null,
    progress: status === "SUCCESS" ? 100 : number("progress", 0),
    queue: fields.get("queue") ?? "",
    priority: (fields.get("priority") ?? "normal") as Priority,
    attempt: number("attempt", 1),
    retries: number("retries", 0),
    max_retries: number("max_retries", 3),
    deliveries: number("deliveries", worker === null ? 0 : 1),
    worker,
    schedule: fields.get("schedule") ?? null,
    dead: status === "FAILURE",
    on_lost: (fields.get("on_lost") ?? "requeue") as OnLost,
    concurrency_key: fields.get("concurrency_key") ?? null,
    concurrency_limit: fields.has("concurrency_key") ? number("concurrency_limit", 1) : null,
    rate_limit: (fields.get("rate_limit") ?? null) as Rate | null,
    unique_key: fields.get("unique") ?? null,
    time_limit: limit("time_limit"),
    soft_time_limit: limit("soft_time_limit"),
    created_at: iso(fields.get("created") ?? 0),
    eta: time("eta"),
    expires: time("expires"),
    started_at: time("started"),
    finished_at: time("finished"),
    runtime_ms: started && finished ? Math.max(0, Number(finished) - Number(started)) : null,
    events: number("seq", FIRST_SEQ[status] ?? 1),
  };
}

/** One message of the events channel: a line per event, `id seq name body`, which several ids may share. */
export function toEvents(message: string): TaskEvent[] {
  return message.split("\n").flatMap((line) => {
    const [ids = "", seq = "", name = ""] = line.split(" ", 3);
    const body = line.slice(ids.length + seq.length + name.length + 3);
    const event = toEvent("", Number(seq), name, body);
    return ids.split(",").map((id) => ({ ...event, task_id: id }));
  });
}

/** An older worker does not tell all of it. */
export function toWorker(name: string, active: number, flat: readonly string[]): WorkerInfo {
  const fields = toFields(flat);
  const text = (field: string) => fields.get(field) ?? "";
  const number = (field: string, fallback = 0) => Number(fields.get(field) || fallback);
  const list = (field: string) => JSON.parse(fields.get(field) ?? "[]");
  return {
    name,
    hostname: text("hostname"),
    pid: number("pid"),
    mode: (fields.get("mode") ?? "working") as WorkerMode,
    pool: fields.get("pool") === "async" ? "async" : "threads",
    concurrency: number("concurrency"),
    min_concurrency: number("min_concurrency", number("concurrency")),
    max_concurrency: number("max_concurrency", number("concurrency")),
    queues: text("queues").split(","),
    version: text("version"),
    deno: text("deno"),
    os: text("os"),
    started_at: text("started_at"),
    heartbeat_at: iso(fields.get("heartbeat") ?? 0),
    active,
    processed: number("processed"),
    failed: number("failed"),
    retried: number("retried"),
    memory_mib: number("memory_mib"),
    load: JSON.parse(fields.get("load") ?? "[0,0,0]"),
    cpu_percent: number("cpu_percent"),
    time_limit: number("time_limit"),
    soft_time_limit: number("soft_time_limit"),
    prefetch_multiplier: number("prefetch_multiplier", 1),
    max_tasks_per_child: number("max_tasks_per_child") || null,
    tasks: list("tasks"),
    running: list("running"),
    threads: list("threads"),
    last_command: JSON.parse(fields.get("last_command") ?? "null"),
  };
}

/** What `limits` says of task names. */
export function toTaskLimits(flat: readonly string[]): NamedTaskLimits[] {
  const limits = new Map<string, NamedTaskLimits>();
  for (const [field, value] of toFields(flat)) {
    const [, kind, name = ""] = /^(task|time|soft) (.+)$/.exec(field) ?? [];
    if (kind === undefined) continue;
    const unset = { name, rate_limit: null, time_limit: null, soft_time_limit: null };
    const known = limits.get(name) ?? unset;
    limits.set(name, {
      ...known,
      ...(kind === "task" && { rate_limit: value as Rate }),
      ...(kind === "time" && { time_limit: Number(value) }),
      ...(kind === "soft" && { soft_time_limit: Number(value) }),
    });
  }
  return [...limits.values()];
}
