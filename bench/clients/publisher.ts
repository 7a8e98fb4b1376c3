/** Who causes the events that sockets are told of. */

import { Redis } from "ioredis";
import { connectBroker } from "../../jobs/connect.ts";
import { createTask } from "../../jobs/tasks/create_task.ts";

/** Events of so many tasks, published on a Redis in the way of taskapp or of the tutorial. */
export interface Publishing {
  redis: string;
  tasks: number;
  as: "taskapp" | "tutorial";
}

export interface Publisher extends AsyncDisposable {
  /** Task id → the number of its last event so far. */
  tasks: Map<string, number>;
  /** Publishes the next event of so many tasks, which take turns; at most as many as there are. */
  publish(count: number): Promise<void>;
}

const WORKER = "publisher";
/** No heartbeat is sent, so the lease has to last. */
const LEASE_MS = 3600_000;

export function startPublisher(publishing: Publishing): Promise<Publisher> {
  return publishing.as === "taskapp" ? startReports(publishing) : startMessages(publishing);
}

/**
 * Holds tasks as a worker does and reports their progress through the broker: stored, numbered, published.
 * Reports of several tasks go together as those of a worker do.
 */
async function startReports({ redis, tasks: count }: Publishing): Promise<Publisher> {
  const broker = connectBroker(redis, { leaseMs: LEASE_MS });
  const prepared = await Promise.all(Array.from({ length: count }, () => createTask.prepare([60])));
  await broker.enqueue(prepared);
  const claimed = await broker.claim(WORKER, [createTask.queue], count);
  const known = await Promise.all(claimed.map(({ id }) => broker.get(id)));
  let percent = 0;
  let next = 0;
  return {
    tasks: new Map(known.flatMap((task) => task ? [[task.task_id, task.events]] : [])),
    async publish(many) {
      const reports = Array.from({ length: many }, () => {
        const { id, token } = claimed[next++ % count] ?? { id: "", token: 0 };
        percent = (percent + 1) % 100;
        return { id, token, progress: { percent, stage: "PROCESSING", meta: null } };
      });
      const accepted = await broker.report(WORKER, reports);
      if (accepted.includes(false)) throw new Error("a report was refused");
    },
    async [Symbol.asyncDispose]() {
      await broker.leave(WORKER);
      await broker.close();
    },
  };
}

/**
 * Publishes the messages that a Celery task publishes itself in the tutorials, as long as taskapp's events
 * are. No worker runs for it, which leaves the processor to the server that is measured.
 */
async function startMessages({ redis: url, tasks: count }: Publishing): Promise<Publisher> {
  const redis = new Redis(url);
  await redis.ping();
  const ids: string[] = Array.from({ length: count }, () => crypto.randomUUID());
  const numbers = new Map(ids.map((id) => [id, 0]));
  const last = new Map(numbers);
  let next = 0;
  return {
    tasks: numbers,
    async publish(many) {
      const pipeline = redis.pipeline();
      for (let i = 0; i < many; i++) {
        const id = ids[next++ % count] ?? "";
        const seq = (last.get(id) ?? 0) + 1;
        last.set(id, seq);
        const at = new Date().toISOString();
        const event = { seq, task_id: id, name: createTask.name, status: "PROGRESS", at };
        const message = { type: "event", ...event, progress: seq % 100, stage: "PROCESSING" };
        pipeline.publish("task_events", JSON.stringify(message));
      }
      await pipeline.exec();
    },
    [Symbol.asyncDispose]: async () => void await redis.quit(),
  };
}
