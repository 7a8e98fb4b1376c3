/** Tasks over the HTTP API. */

import type { Json, Priority, State, Task, TaskEvent, TaskType } from "../../jobs/wire.ts";
import { call } from "../api.ts";

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
