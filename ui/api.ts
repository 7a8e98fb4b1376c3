/** The HTTP API as the page uses it. */

import type {
  Json,
  Priority,
  QueueInfo,
  State,
  Task,
  TaskEvent,
  TaskType,
  WorkerInfo,
} from "../jobs/wire.ts";

interface Issue {
  path: string;
  message: string;
}

/** What the server answered instead of what was asked for; `status` 0 is no answer at all. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  /** What is wrong where, such as "args.0". */
  readonly issues: Issue[];

  constructor(status: number, message: string, issues: Issue[] = []) {
    super(message);
    this.status = status;
    this.issues = issues;
  }
}

export interface NewTask {
  name: string;
  args: Json;
  queue?: string;
  priority?: Priority;
  countdown?: number;
}

export interface TaskPage {
  tasks: Task[];
  cursor: string | null;
}

export interface TaskFilter {
  state: State | "";
  name: string;
}

const PAGE_SIZE = 25;
const TIMEOUT = 10_000;

export function startTask(task: NewTask): Promise<{ task_id: string; status: State }> {
  return call("POST", "/tasks", task);
}

export function listTasks(filter: TaskFilter, cursor: string | null): Promise<TaskPage> {
  const query = new URLSearchParams({ limit: `${PAGE_SIZE}` });
  if (filter.state) query.set("state", filter.state);
  if (filter.name) query.set("name", filter.name);
  if (cursor) query.set("cursor", cursor);
  return call("GET", `/tasks?${query}`);
}

export function getTask(id: string): Promise<Task> {
  return call("GET", `/tasks/${encodeURIComponent(id)}`);
}

export function getEvents(id: string, after: number): Promise<{ events: TaskEvent[] }> {
  return call("GET", `/tasks/${encodeURIComponent(id)}/events?after=${after}`);
}

export function revokeTask(id: string): Promise<unknown> {
  return call("POST", `/tasks/${encodeURIComponent(id)}/revoke`);
}

export function retryTask(id: string): Promise<unknown> {
  return call("POST", `/tasks/${encodeURIComponent(id)}/retry`);
}

export function deleteTask(id: string): Promise<unknown> {
  return call("DELETE", `/tasks/${encodeURIComponent(id)}`);
}

export function listTaskTypes(): Promise<{ task_types: TaskType[] }> {
  return call("GET", "/task-types");
}

export function listWorkers(): Promise<{ workers: WorkerInfo[] }> {
  return call("GET", "/workers");
}

export function listQueues(): Promise<{ queues: QueueInfo[] }> {
  return call("GET", "/queues");
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  const text = await response.text();
  const answer = response.headers.get("content-type")?.includes("json") && text
    ? JSON.parse(text)
    : null;
  if (!response.ok) {
    const message = answer?.detail ?? `The server answered ${response.status}.`;
    throw new ApiError(response.status, message, answer?.errors ?? []);
  }
  return answer;
}

async function send(method: string, path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
}
