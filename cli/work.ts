/** `taskapp work`: runs tasks. */

import os from "node:os";
import { getLogger } from "@logtape/logtape";
import { AsyncPool } from "../jobs/async_pool.ts";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { ThreadPool } from "../jobs/thread_pool.ts";
import { Worker } from "../jobs/worker.ts";
import { configureLog } from "../lib/log.ts";
import { onStopSignal } from "../lib/signals.ts";
import { canStart } from "./can_start.ts";
import { VERSION } from "./version.ts";
import type { Io } from "./io.ts";
import type { CommonOptions } from "./options.ts";

const log = getLogger(["taskapp", "worker"]);

export interface WorkOptions extends CommonOptions {
  concurrency: number;
  /** Without it: the default queue and every queue that a task names. */
  queues?: string[];
  pool: "threads" | "async";
  /** Without it: taskapp@ and the machine's name. */
  hostname?: string;
  timeLimit: number;
  softTimeLimit: number;
  /** Without it: a thread is never replaced for its age. */
  maxTasksPerChild?: number;
  maxMemoryPerChild: number;
  prefetchMultiplier: number;
  grace: number;
}

export async function work(options: WorkOptions, io: Io): Promise<number> {
  configureLog(options.loglevel);
  const broker = connectBroker(options.broker, options);
  try {
    if (!await canStart(broker)) return 0;
    const worker = createWorker(broker, options, io);
    const stopListening = onStopSignal(() => worker.stop());
    await worker.run();
    stopListening();
  } finally {
    await broker.close();
  }
  return 0;
}

export function createWorker(broker: Broker, options: WorkOptions, io: Io): Worker {
  const registry = new Registry(tasks);
  const queues = options.queues ?? registry.queues();
  const hostname = options.hostname ?? `taskapp@${os.hostname()}`;
  const { concurrency: size, maxTasksPerChild = Infinity, maxMemoryPerChild: maxMemory } = options;
  const pool = options.pool === "async"
    ? new AsyncPool(registry, size)
    : new ThreadPool({ size, maxMemory, maxTasksPerChild });
  const setup = {
    broker: broker.location,
    concurrency: size,
    pool: options.pool,
    queues: queues.join(", "),
    tasks: registry.names().join(", "),
  };
  if (io.interactive) {
    io.out(banner(hostname, setup));
  } else {
    const fields = { version: VERSION, hostname, ...setup };
    log.info("taskapp {version} worker {hostname} starts", fields);
  }
  return new Worker(broker, pool, {
    // A restarted process is another worker: it must not be taken for the one before it.
    name: `${hostname.replaceAll(/[^\w.@:-]/g, "_")}-${crypto.randomUUID().slice(0, 8)}`,
    hostname,
    version: VERSION,
    queues,
    prefetchMultiplier: options.prefetchMultiplier,
    timeLimit: options.timeLimit,
    softTimeLimit: options.softTimeLimit,
    graceMs: options.grace * 1000,
  });
}

function banner(hostname: string, setup: Record<string, string | number>): string {
  const lines = Object.entries(setup).map(([name, value]) => `  ${name.padEnd(12)} ${value}`);
  return [`taskapp ${VERSION} worker ${hostname}`, ...lines, "", ""].join("\n");
}
