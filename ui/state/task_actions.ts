/** What the reader does to tasks. */

import { ApiError } from "../api.ts";
import {
  deleteTask,
  getTask,
  type NewTask,
  retryTask,
  revokeTask,
  startTask,
} from "../api/tasks.ts";
import { toastError } from "../notices.ts";
import { learn, learnMissing } from "./tasks.ts";
import { unwatch, watch } from "./watched.ts";

/** Starts a task and watches it. */
export async function startAndWatch(task: NewTask): Promise<string> {
  const { task_id } = await startTask(task);
  watch(task_id);
  return task_id;
}

export function cancel(id: string): Promise<void> {
  return act(id, async () => {
    await revokeTask(id);
    learn(await getTask(id));
  });
}

export function retry(id: string): Promise<void> {
  return act(id, async () => {
    await retryTask(id);
    learn(await getTask(id));
  });
}

/** Deletes an ended task. */
export function forget(id: string): Promise<void> {
  return act(id, async () => {
    await deleteTask(id);
    unwatch(id);
    learnMissing(id);
  });
}

async function act(id: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) learnMissing(id);
    else toastError(error);
  }
}
