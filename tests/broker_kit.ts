/** What the cases for brokers have in common. */

import { assertEquals, assertExists } from "@std/assert";
import type {
  Broker,
  BrokerOptions,
  Claimed,
  NewTask,
  Outcome,
  TaskQuery,
  WorkerBeat,
} from "../jobs/broker.ts";
import type { State, Task } from "../jobs/wire.ts";

/** What a broker must do, on an empty store to which it may connect as often as it likes. */
export type Case = (connect: (options?: Partial<BrokerOptions>) => Broker) => Promise<void>;

export const success: Outcome = { state: "SUCCESS", result: "42" };
export const failure = {
  state: "FAILURE",
  error: { type: "TypeError", message: 'no "x" here', stack: "TypeError: …\n  at y" },
} as const;

export function newTask(more: Partial<NewTask> = {}): NewTask {
  return {
    id: crypto.randomUUID(),
    name: "add",
    args: "[1,2]",
    queue: "default",
    priority: "normal",
    maxRetries: 3,
    timeLimit: null,
    softTimeLimit: null,
    ...more,
  };
}

export function newTasks(count: number, more: Partial<NewTask> = {}): NewTask[] {
  return Array.from({ length: count }, () => newTask(more));
}

export function beat(name: string): WorkerBeat {
  return {
    name,
    hostname: "here",
    pid: 1,
    mode: "working",
    pool: "threads",
    concurrency: 2,
    min_concurrency: 1,
    max_concurrency: 4,
    queues: ["default", "other"],
    version: "1",
    deno: "2.9.6",
    os: "linux x86_64",
    started_at: new Date().toISOString(),
    processed: 7,
    failed: 2,
    retried: 1,
    memory_mib: 50,
    load: [0.5, 1, 1.25],
    cpu_percent: 12,
    time_limit: 300,
    soft_time_limit: 240,
    prefetch_multiplier: 4,
    max_tasks_per_child: null,
    tasks: ["add", "divide"],
    running: [{
      task_id: "id",
      name: "add",
      queue: "default",
      attempt: 1,
      started_at: "2026-01-02T03:04:05.678Z",
      stage: 'with "quotes", commas',
      slot: "1",
    }],
    threads: [{ slot: "1", tasks_done: 7, memory_mib: 12 }, {
      slot: "2",
      tasks_done: 0,
      memory_mib: null,
    }],
    last_command: {
      id: "command",
      command: "grow",
      done: true,
      outcome: "2 more",
      at: "2026-01-02T03:04:05.678Z",
    },
  };
}

export const ids = (list: { id: string }[]) => list.map(({ id }) => id);

export function only<T>(list: T[]): T {
  const [first] = list;
  assertEquals(list.length, 1);
  assertExists(first);
  return first;
}

export async function claimOne(broker: Broker, worker = "w"): Promise<Claimed> {
  return only(await broker.claim(worker, ["default"], 1));
}

export async function settle(
  broker: Broker,
  { id, token }: Claimed,
  outcome: Outcome,
  worker = "w",
) {
  return only(await broker.settle(worker, [{ id, token, outcome }]));
}

export async function status(broker: Broker, id: string): Promise<State | undefined> {
  return (await broker.get(id))?.status;
}

export async function listed(broker: Broker, state?: State): Promise<{ id: string }[]> {
  const tasks = await firstTasks(broker, { state, limit: 100 });
  return tasks.map(({ task_id }) => ({ id: task_id }));
}

/** The first so many tasks: on a busy machine a page may end before it is full. */
export async function firstTasks(broker: Broker, query: TaskQuery): Promise<Task[]> {
  const found: Task[] = [];
  let { cursor } = query;
  do {
    const page = await broker.list({ ...query, limit: query.limit - found.length, cursor });
    found.push(...page.tasks);
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined && found.length < query.limit);
  return found;
}
