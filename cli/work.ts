/** `taskapp work`: runs tasks. */

import os from "node:os";
import { getLogger } from "@logtape/logtape";
import { AsyncPool } from "../jobs/async_pool.ts";
import type { Broker, BrokerOptions } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { checkDeclared, declareDuty } from "../jobs/schedule_declare.ts";
import { schedules } from "../jobs/schedules.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { ThreadPool } from "../jobs/thread_pool.ts";
import { Worker } from "../jobs/worker.ts";
import { configureLog } from "../lib/log.ts";
import { closeDebugger } from "../lib/debugger.ts";
import { onSignal, onStopSignal } from "../lib/signals.ts";
import { canStart } from "./can_start.ts";
import { VERSION } from "./version.ts";
import { type Io, UsageError } from "./io.ts";
import type { CommonOptions } from "./options.ts";

const log = getLogger(["taskapp", "worker"]);

/** How long slots that `--autoscale` added stay without need: as long as Celery's. */
const AUTOSCALE_KEEP_MS = 30_000;

export interface WorkOptions extends CommonOptions {
  concurrency: number;
  /** Without it: `concurrency`. */
  autoscale?: [max: number, min: number];
  /** Without it: the default queue and every queue that a task names. */
  queues?: string[];
  pool: "threads" | "async";
  /** Without it: taskapp@ and the machine's name. */
  hostname?: string;
  timeLimit: number;
  softTimeLimit: number;
  /** Without it: a thread is never replaced for its age. */
  maxTasksPerChild?: number;
  /** Without it: a thread is never replaced for what it keeps. */
  maxMemoryPerChild?: number;
  memoryLimit: number;
  prefetchMultiplier: number;
  lease: number;
  grace: number;
}

export async function work(options: WorkOptions, io: Io): Promise<number> {
  configureLog(options.loglevel);
  await checkSchedules();
  const broker = connectBroker(options.broker, brokerOptions(options));
  let stopListening = () => {};
  try {
    const { worker, introduce } = createWorker(broker, options);
    // From the start on: TSTP and TTIN stop a process that does not listen to them.
    stopListening = obeySignals(worker, { TSTP: true });
    if (!await canStart(broker)) return 0;
    introduce(io);
    await worker.run();
  } finally {
    stopListening();
    await broker.close();
  }
  return 0;
}

/** @throws {UsageError} what is declared in code is not right */
export async function checkSchedules(): Promise<void> {
  try {
    await checkDeclared(new Registry(tasks), schedules);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message} (jobs/schedules.ts)`);
  }
}

/** What a broker needs to know of these options. */
export function brokerOptions(options: WorkOptions): BrokerOptions {
  const { resultExpires, deadExpires, lease } = options;
  return { resultExpires, deadExpires, leaseMs: lease * 1000 };
}

/**
 * Has a worker do what signals ask of it.
 * @param signals.TSTP whether that quiets it; otherwise it has its usual effect
 * @returns a function that stops listening
 */
export function obeySignals(worker: Worker, signals: { TSTP: boolean }): () => void {
  const listening = [
    onStopSignal(() => worker.stop()),
    onSignal("SIGTTIN", () => worker.printRunning()),
    onSignal("SIGUSR1", () => {
      worker.printRunning();
      void closeDebugger();
    }),
  ];
  if (signals.TSTP) listening.push(onSignal("SIGTSTP", () => worker.quiet()));
  return () => listening.forEach((stop) => stop());
}

/** Makes a worker, and a function that says what it is. */
export function createWorker(
  broker: Broker,
  options: WorkOptions,
): { worker: Worker; introduce: (io: Io) => void } {
  const registry = new Registry(tasks);
  const queues = options.queues ?? registry.queues();
  const hostname = options.hostname ?? `taskapp@${os.hostname()}`;
  const [max, min] = options.autoscale ?? [options.concurrency, options.concurrency];
  const pool = options.pool === "async" ? new AsyncPool(registry, min) : new ThreadPool({
    size: min,
    memoryLimit: options.memoryLimit,
    maxTasksPerChild: options.maxTasksPerChild ?? Infinity,
    maxMemoryPerChild: options.maxMemoryPerChild ?? Infinity,
  });
  const worker = new Worker(broker, pool, {
    // A restarted process is another worker: it must not be taken for the one before it.
    name: `${hostname.replaceAll(/[^\w.@:-]/g, "_")}-${crypto.randomUUID().slice(0, 8)}`,
    hostname,
    version: VERSION,
    queues,
    concurrency: { max, min },
    autoscaleKeepMs: AUTOSCALE_KEEP_MS,
    prefetchMultiplier: options.prefetchMultiplier,
    timeLimit: options.timeLimit,
    softTimeLimit: options.softTimeLimit,
    graceMs: options.grace * 1000,
    leaseMs: options.lease * 1000,
    duties: [declareDuty(broker, registry, schedules)],
  });
  const setup = {
    broker: broker.location,
    concurrency: max === min ? max : `${min} to ${max}`,
    pool: options.pool,
    queues: queues.join(", "),
    tasks: registry.names().join(", "),
  };
  const introduce = (io: Io) => {
    if (io.interactive) return io.out(banner(hostname, setup));
    const fields = { version: VERSION, hostname, ...setup };
    log.info("taskapp {version} worker {hostname} starts", fields);
  };
  return { worker, introduce };
}

function banner(hostname: string, setup: Record<string, string | number>): string {
  const lines = Object.entries(setup).map(([name, value]) => `  ${name.padEnd(12)} ${value}`);
  return [`taskapp ${VERSION} worker ${hostname}`, ...lines, "", ""].join("\n");
}
