/** Why a task has not started, as far as that can be told without trying to start it. */

import type { Broker, NamedTaskLimits, QueueState } from "./broker.ts";
import type { Task, WaitingFor, WorkerInfo } from "./wire.ts";

/** Whoever asks after a task does so again soon: what all tasks wait for is read once in this time. */
const FRESH_MS = 1000;

interface Scene {
  queues: QueueState[];
  workers: WorkerInfo[];
  limits: NamedTaskLimits[];
}

const scenes = new WeakMap<Broker, { scene: Promise<Scene>; until: number }>();

/** What a task waits for; null if it has started. The reason may be a second old. */
export async function waitingFor(broker: Broker, task: Task): Promise<WaitingFor | null> {
  if (task.status !== "PENDING" && task.status !== "RETRY") return null;
  const isEarly = task.eta !== null && Date.parse(task.eta) > Date.now();
  if (task.status === "RETRY" || isEarly) return { position: null, reason: "time" };
  const [position, scene] = await Promise.all([broker.position(task.task_id), read(broker)]);
  return { position, reason: reasonOf(task, scene) };
}

function read(broker: Broker): Promise<Scene> {
  const known = scenes.get(broker);
  if (known && performance.now() < known.until) return known.scene;
  const all = [broker.queues(), broker.workers(), broker.taskLimits()] as const;
  const scene = Promise.all(all)
    .then(([queues, workers, limits]) => ({ queues, workers, limits }));
  scenes.set(broker, { scene, until: performance.now() + FRESH_MS });
  scene.catch(() => scenes.delete(broker));
  return scene;
}

function reasonOf(task: Task, { queues, workers, limits }: Scene): WaitingFor["reason"] {
  const queue = queues.find(({ name }) => name === task.queue);
  if (queue?.paused) return "paused";
  const able = workers.filter(({ mode, queues }) =>
    mode === "working" && queues.includes(task.queue)
  );
  if (able.length === 0) return "no worker";
  const limit = queue?.concurrency_limit ?? null;
  if (limit !== null && (queue?.active ?? 0) >= limit) return "concurrency";
  // A pool that grows makes a slot when there is a task for it.
  if (able.every(({ active, max_concurrency }) => active >= max_concurrency)) return "workers busy";
  if (task.concurrency_key !== null) return "concurrency";
  const own = limits.find(({ name }) => name === task.name)?.rate_limit ?? task.rate_limit;
  return own !== null || (queue?.rate_limit ?? null) !== null ? "rate" : null;
}
