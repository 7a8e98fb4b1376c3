/** Workers and the limits of task types over the HTTP API. */

import type { TaskType, TaskTypeLimits, WorkerCommand, WorkerInfo } from "../../jobs/wire.ts";
import { call } from "../api.ts";

export function getWorker(name: string): Promise<WorkerInfo> {
  return call("GET", `/workers/${encodeURIComponent(name)}`);
}

/** Its `last_command` says later what became of it. */
export function sendCommand(
  name: string,
  { command, ...details }: WorkerCommand,
): Promise<{ command_id: string }> {
  return call("POST", `/workers/${encodeURIComponent(name)}/${command}`, details);
}

/** Sets what can be said for all tasks of a name; null is as its definition says. */
export function limitTaskType(name: string, limits: TaskTypeLimits): Promise<TaskType> {
  return call("PATCH", `/task-types/${encodeURIComponent(name)}`, limits);
}
