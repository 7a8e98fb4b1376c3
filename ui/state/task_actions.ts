/** What the reader does to tasks. */

import type { Json } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { deleteTask, getTask, retryTask, revokeTask } from "../api/tasks.ts";
import { toastError } from "../notices.ts";
import { learn, learnMissing } from "./tasks.ts";
import { unwatch } from "./watched.ts";

/** Answers whether it was done, as the others do: what stood in the way has been told. */
export function cancel(id: string): Promise<boolean> {
  return act(id, async () => {
    await revokeTask(id);
    learn(await getTask(id));
  });
}

export function retry(id: string): Promise<boolean> {
  return act(id, () => retryWith(id));
}

/**
 * Runs an ended task again, with other arguments if there are any.
 * @throws {ApiError} such as that they do not fit
 */
export async function retryWith(id: string, args?: Json): Promise<void> {
  await retryTask(id, args);
  learn(await getTask(id));
}

/** Deletes an ended task. */
export function forget(id: string): Promise<boolean> {
  return act(id, async () => {
    await deleteTask(id);
    unwatch(id);
    learnMissing(id);
  });
}

async function act(id: string, action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) learnMissing(id);
    else toastError(error);
    return false;
  }
}
