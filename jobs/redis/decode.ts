/** From what Redis holds to what the wire shows. Replies of our own scripts are trusted. */

import {
  DURATION_BUCKETS,
  type Histogram,
  type Json,
  type Priority,
  type State,
  type Stats,
  type Task,
  type TaskError,
  type TaskEvent,
  type WorkerInfo,
} from "../wire.ts";

type Fields = Map<string, string>;

/** A flat list of fields and values, as HGETALL gives it. */
export function toFields(flat: readonly string[]): Fields {
  const fields: Fields = new Map();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? "", flat[i + 1] ?? "");
  return fields;
}

export function iso(ms: string | number): string {
  return new Date(Number(ms)).toISOString();
}

/** JSON text, or null where there is none. */
function json(text: string | undefined): Json {
  return text === undefined ? null : JSON.parse(text);
}

export function toTask(id: string, flat: readonly string[]): Task {
  const fields = toFields(flat);
  const number = (name: string, fallback: number) => Number(fields.get(name) ?? fallback);
  const time = (name: string) => {
    const ms = fields.get(name);
    return ms === undefined ? null : iso(ms);
  };
  const limit = (name: string) => fields.has(name) ? number(name, 0) : null;
  const status = fields.get("status") as State;
  const started = fields.get("started");
  const finished = fields.get("finished");
  return {
    task_id: id,
    name: fields.get("name") ?? "",
    args: json(fields.get("args")),
    status,
    stage: fields.get("stage") ?? null,
    progress: status === "SUCCESS" ? 100 : number("progress", 0),
    meta: json(fields.get("meta")),
    result: json(fields.get("result")),
    error: json(fields.get("error")) as TaskError | null,
    queue: fields.get("queue") ?? "",
    priority: (fields.get("priority") ?? "normal") as Priority,
    attempt: number("attempt", 1),
    retries: number("retries", 0),
    max_retries: number("max_retries", 3),
    deliveries: number("deliveries", 0),
    worker: fields.get("worker") ?? null,
    time_limit: limit("time_limit"),
    soft_time_limit: limit("soft_time_limit"),
    created_at: iso(fields.get("created") ?? 0),
    eta: time("eta"),
    expires: time("expires"),
    started_at: time("started"),
    finished_at: time("finished"),
    runtime_ms: started && finished ? Math.max(0, Number(finished) - Number(started)) : null,
    events: number("seq", 1),
  };
}

/** A stored event holds no number, task or name, and its times as Unix milliseconds. */
interface StoredEvent extends Omit<TaskEvent, "seq" | "task_id" | "name" | "at" | "eta"> {
  at: number;
  eta?: number;
}

export function toEvent(id: string, seq: number, name: string, body: string): TaskEvent {
  const { at, eta, ...rest } = JSON.parse(body) as StoredEvent;
  return {
    seq,
    task_id: id,
    name,
    ...rest,
    ...(eta !== undefined && { eta: iso(eta) }),
    at: iso(at),
  };
}

/** One message of the events channel: a line per event, `id seq name body`. */
export function toEvents(message: string): TaskEvent[] {
  return message.split("\n").map((line) => {
    const [id = "", seq = "", name = ""] = line.split(" ", 3);
    return toEvent(id, Number(seq), name, line.slice(id.length + seq.length + name.length + 3));
  });
}

export function toWorker(name: string, active: number, flat: readonly string[]): WorkerInfo {
  const fields = toFields(flat);
  return {
    name,
    hostname: fields.get("hostname") ?? "",
    pid: Number(fields.get("pid")),
    pool: fields.get("pool") === "async" ? "async" : "threads",
    concurrency: Number(fields.get("concurrency")),
    queues: (fields.get("queues") ?? "").split(","),
    version: fields.get("version") ?? "",
    started_at: fields.get("started_at") ?? "",
    heartbeat_at: iso(fields.get("heartbeat") ?? 0),
    active,
    processed: Number(fields.get("processed")),
    memory_mib: Number(fields.get("memory_mib")),
  };
}

/** Counter fields are words: `outcome SUCCESS default divide`, `run 3 divide`, `run ms divide`. */
export function toStats(flat: readonly string[]): Stats {
  const stats: Stats = { enqueued: 0, outcomes: [], run_time: [], wait_time: [] };
  const histogram = (list: Histogram[], name: string): Histogram => {
    const known = list.find((each) => each.name === name);
    if (known) return known;
    const buckets = new Array<number>(DURATION_BUCKETS.length + 1).fill(0);
    const created = { name, buckets, count: 0, sum_seconds: 0 };
    list.push(created);
    return created;
  };
  for (const [field, value] of toFields(flat)) {
    const [kind, detail = "", ...names] = field.split(" ");
    const amount = Number(value);
    if (kind === "enqueued") stats.enqueued = amount;
    if (kind === "outcome") {
      const [queue = "", name = ""] = names;
      const outcome = detail as Stats["outcomes"][number]["outcome"];
      stats.outcomes.push({ name, queue, outcome, count: amount });
    }
    if (kind === "run" || kind === "wait") {
      const list = kind === "run" ? stats.run_time : stats.wait_time;
      const target = histogram(list, names[0] ?? "");
      if (detail === "ms") {
        target.sum_seconds = amount / 1000;
      } else {
        target.buckets[Number(detail) - 1] = amount;
        target.count += amount;
      }
    }
  }
  return stats;
}
