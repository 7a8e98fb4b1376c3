/** Tasks over the HTTP API. */

import type {
  BulkAction,
  BulkStep,
  Json,
  State,
  SummaryPage,
  TaskDetail,
  TaskEvent,
  TaskType,
} from "../../jobs/wire.ts";
import { call } from "../api.ts";
import type { Call } from "../calls.ts";
import type { TaskFilter } from "../query.ts";

/** A task that was started, or by the key of an earlier call was there already. */
export interface Started {
  task_id: string;
  status: State;
  created: boolean;
}

export function startTask(task: Call): Promise<Started> {
  return call("POST", "/tasks", task);
}

/** Starts several, all of them or none. */
export function startTasks(tasks: Call[]): Promise<{ tasks: Started[] }> {
  return call("POST", "/tasks/batch", { tasks });
}

/** One page of those that fit, the newest first. */
export function listTasks(
  filter: TaskFilter,
  limit: number,
  cursor: string | null = null,
): Promise<SummaryPage> {
  const query = new URLSearchParams({ view: "summary", limit: `${limit}` });
  for (const [key, value] of Object.entries(filter)) query.set(key, `${value}`);
  if (cursor) query.set("cursor", cursor);
  return call("GET", `/tasks?${query}`);
}

/** What one step of an action on many tasks takes: these, or those that fit from where it was. */
export type BulkRequest =
  & { action: BulkAction; dry_run?: boolean }
  & (
    | { ids: string[] }
    | { filter: TaskFilter; cursor?: string }
  );

export function bulkStep(request: BulkRequest): Promise<BulkStep> {
  return call("POST", "/tasks/bulk", request);
}

export function getTask(id: string): Promise<TaskDetail> {
  return call("GET", pathOf(id));
}

export function getEvents(id: string, after: number): Promise<{ events: TaskEvent[] }> {
  return call("GET", `${pathOf(id)}/events?after=${after}`);
}

export function revokeTask(id: string): Promise<unknown> {
  return call("POST", `${pathOf(id)}/revoke`);
}

/** Runs an ended task again, with other arguments if there are any. */
export function retryTask(id: string, args?: Json): Promise<unknown> {
  return call("POST", `${pathOf(id)}/retry`, args === undefined ? undefined : { args });
}

export function deleteTask(id: string): Promise<unknown> {
  return call("DELETE", pathOf(id));
}

export function listTaskTypes(): Promise<{ task_types: TaskType[] }> {
  return call("GET", "/task-types");
}

function pathOf(id: string): string {
  return `/tasks/${encodeURIComponent(id)}`;
}
