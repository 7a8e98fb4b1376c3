/** Why a task that waits has not started, as far as queues and workers tell. Pure. */

import type { QueueInfo, Task, WorkerInfo } from "../jobs/wire.ts";

type Waiting = Pick<Task, "name" | "status" | "queue" | "eta" | "concurrency_key" | "rate_limit">;

/** One sentence; null for a task that does not wait, that waits for its time, or is about to start. */
export function whyWaits(
  task: Waiting,
  queues: QueueInfo[],
  workers: WorkerInfo[],
  now: number,
): string | null {
  const { name, status, queue } = task;
  if (status !== "PENDING" && status !== "RETRY") return null;
  if (task.eta !== null && Date.parse(task.eta) > now) return null;
  const info = queues.find((each) => each.name === queue);
  if (info?.paused) return `The queue ${queue} is paused.`;
  const listening = workers.filter((worker) => worker.queues.includes(queue));
  if (listening.length === 0) return `No worker takes tasks of the queue ${queue}.`;
  const able = listening.filter(({ tasks }) => tasks.length === 0 || tasks.includes(name));
  if (able.length === 0) return `No worker of the queue ${queue} knows the task ${name}.`;
  const working = able.filter(({ mode }) => mode === "working");
  if (working.length === 0) return `All workers of the queue ${queue} are quiet or stopping.`;
  const limit = info?.concurrency_limit ?? null;
  if (limit !== null && (info?.active ?? 0) >= limit) {
    return `The queue ${queue} lets ${limit} of its tasks run at the same time.`;
  }
  if (working.every(({ active, concurrency }) => active >= concurrency)) {
    const slots = working.reduce((sum, { concurrency }) => sum + concurrency, 0);
    return `All ${slots} slots of its workers are busy; ${info?.waiting ?? 1} wait in ${queue}.`;
  }
  if (task.concurrency_key !== null) {
    return `Tasks with the key ${task.concurrency_key} take turns.`;
  }
  if (info?.rate_limit) return `The queue ${queue} starts ${info.rate_limit} at most.`;
  if (task.rate_limit !== null) return `At most ${task.rate_limit} of ${name} start.`;
  return null;
}
