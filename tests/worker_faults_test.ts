/** Whatever call to the broker fails, before its effect or after, a worker loses and doubles no task. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { AsyncPool } from "../jobs/async_pool.ts";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { isReady, type State } from "../jobs/wire.ts";
import { Worker } from "../jobs/worker.ts";
import { type Fault, faulty } from "./faulty_broker.ts";
import { fixtures, runs } from "./fixtures/tasks.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";
import { registry, WORKER } from "./worker_setup.ts";

/**
 * Sequences of faults per store; to hunt, set PROPERTY_RUNS to some hundreds. A failure prints the
 * shortest sequence that fails, and its `seed` and `path`: put beside `numRuns`, they repeat it alone.
 */
const numRuns = Number(Deno.env.get("PROPERTY_RUNS") ?? 5);

const SIZE = 3;
/** Short, so that what only the lease or a heartbeat mends is mended soon. */
const LEASE_MS = 2000;

/** What becomes of each task. */
const TASKS: { name: keyof typeof fixtures; args: unknown[]; status: State; retries: number }[] = [
  { name: "echo", args: [1], status: "SUCCESS", retries: 0 },
  { name: "counted", args: [20], status: "SUCCESS", retries: 0 },
  { name: "chatty", args: [], status: "SUCCESS", retries: 0 },
  { name: "flaky", args: [], status: "SUCCESS", retries: 2 },
  { name: "retries", args: [], status: "FAILURE", retries: 3 },
  { name: "fails", args: [], status: "FAILURE", retries: 0 },
  { name: "huge", args: [], status: "FAILURE", retries: 0 },
];

/** What is in the middle when the worker is stopped. */
const NAP = { name: "nap", args: [200], status: "SUCCESS", retries: 0 } as const;

const faults = fc.noBias(fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant<Fault>("none") },
    { weight: 1, arbitrary: fc.constantFrom<Fault>("before", "after") },
  ),
  { maxLength: 60, size: "max" },
));

type Expected = Map<string, Pick<typeof TASKS[number], "name" | "status" | "retries">>;

async function enqueue(broker: Broker, tasks: typeof TASKS): Promise<Expected> {
  const expected: Expected = new Map();
  for (const task of tasks) {
    const prepared = await fixtures[task.name].prepare(task.args);
    expected.set(prepared.id, task);
    await broker.enqueue([prepared]);
  }
  return expected;
}

/** Tasks that may not run twice. */
async function enqueueOnce(broker: Broker): Promise<string[]> {
  const tasks = await Promise.all([1, 2].map(() => fixtures.counted.prepare([800])));
  await broker.enqueue(tasks.map((task) => ({ ...task, onLost: "fail", priority: "high" })));
  return tasks.map(({ id }) => id);
}

/** Waits for the ends that are expected, and sees that each task has just that one. */
async function checkEnds(broker: Broker, expected: Expected): Promise<void> {
  const open = new Set(expected.keys());
  await until(async () => {
    for (const id of open) {
      const task = await broker.get(id);
      if (task && isReady(task.status)) open.delete(id);
    }
    return open.size === 0;
  });
  const left = (await broker.queues()).map(({ waiting, scheduled }) => waiting + scheduled);
  assertEquals(left.filter((tasks) => tasks > 0), []);
  for (const [id, { name, status, retries }] of expected) {
    const task = await broker.get(id);
    assertEquals([name, task?.status, task?.retries], [name, status, retries]);
    const events = await broker.events(id, 0) ?? [];
    assertEquals(events.filter((event) => isReady(event.status)).length, 1);
    // A claim that nobody heard of and an end that nobody heard of are no loss of a worker.
    assert(task?.error?.type !== "WorkerLostError");
  }
}

/** Sees that a task which may not run twice has not, and that it says so if it did not end itself. */
async function checkOnce(broker: Broker, id: string): Promise<void> {
  await until(async () => isReady((await broker.get(id))?.status ?? "PENDING"));
  const task = await broker.get(id);
  const isLost = task?.error?.type === "WorkerLostError";
  assert(task?.status === "SUCCESS" || task?.status === "FAILURE" && isLost, task?.status);
  assert((runs.get(id) ?? 0) <= 1, "it ran twice");
}

function startWorker(broker: Broker, name: string): { worker: Worker; ran: Promise<void> } {
  const worker = new Worker(broker, new AsyncPool(registry, SIZE), {
    ...WORKER,
    name,
    concurrency: { max: SIZE, min: 1 },
    leaseMs: LEASE_MS,
  });
  return { worker, ran: worker.run() };
}

/**
 * @param during what befalls the calls of a worker
 * @param atStop what befalls them from the moment on in which it is stopped in the middle of tasks
 */
async function tryFaults(url: string, during: Fault[], atStop: Fault[]): Promise<void> {
  const broker = connectBroker(url, { leaseMs: LEASE_MS });
  const next = [...during];
  const unreliable = faulty(broker, () => next.shift() ?? "none");
  const started = [startWorker(unreliable.broker, "w")];
  const stop = async () => {
    for (const { worker } of started) worker.stop();
    for (const { worker } of started) worker.stop();
    await deadline(Promise.all(started.map(({ ran }) => ran)), 20_000);
  };
  try {
    const expected = await enqueue(broker, [...TASKS, ...TASKS]);
    await checkEnds(broker, expected);
    for (const [id, { name }] of expected) {
      if (name === "counted") assertEquals(runs.get(id), 1);
    }
    const once = await enqueueOnce(broker);
    const naps = await enqueue(broker, Array(SIZE + 1).fill(NAP));
    await until(() => once.some((id) => runs.has(id)));
    next.splice(0, next.length, ...atStop);
    await stop();
    started.push(startWorker(broker, "heir"));
    await checkEnds(broker, naps);
    for (const id of once) await checkOnce(broker, id);
  } finally {
    await stop();
    await broker.close();
  }
}

async function deadline(promise: Promise<unknown>, ms: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

for (const [kind, startStore] of Object.entries(STORES)) {
  Deno.test(`${kind}: whatever calls fail, every task ends once, and so does the worker`, async () => {
    await using store = await startStore();
    const property = fc.asyncProperty(
      faults,
      faults,
      (during, atStop) => tryFaults(store.url, during, atStop),
    );
    await fc.assert(property, { numRuns });
  });
}
