/** What a worker says of itself with each heartbeat: it is stored each time, so all of it is capped. */

import { loadavg } from "node:os";
import { cpuUsage } from "node:process";
import type { Bounds } from "./autoscaler.ts";
import type { Outcome, WorkerBeat } from "./broker.ts";
import type { Running } from "./held.ts";
import type { Pool } from "./pool.ts";
import type { WorkerOptions } from "./worker_options.ts";
import type { CommandOutcome, WorkerMode } from "./wire.ts";

const MAX_LISTED = 100;
const MAX_TASK_NAMES = 500;
const MAX_STAGE_CHARS = 100;
/** Over a shorter time a share of the processor says nothing. */
const MIN_CPU_MS = 500;

/** What changes while it works. */
export interface WorkerNow {
  mode: WorkerMode;
  queues: string[];
  bounds: Bounds;
  runs: Running[];
  lastCommand: CommandOutcome | null;
}

export class WorkerStatus {
  readonly #startedAt = new Date().toISOString();
  readonly #cpu = new CpuShare();
  #processed = 0;
  #failed = 0;
  #retried = 0;

  constructor(private readonly options: WorkerOptions, private readonly pool: Pool) {}

  /** Counts a run that has ended. */
  noteEnd({ state }: Outcome): void {
    this.#processed++;
    if (state === "FAILURE") this.#failed++;
    if (state === "RETRY") this.#retried++;
  }

  /** What it is and does now. */
  beat({ mode, queues, bounds, runs, lastCommand }: WorkerNow): WorkerBeat {
    const { pool, options: { name, hostname, version, timeLimit, softTimeLimit } } = this;
    return {
      name,
      hostname,
      version,
      queues,
      pid: Deno.pid,
      mode,
      pool: pool.kind,
      concurrency: pool.size,
      min_concurrency: bounds.min,
      max_concurrency: bounds.max,
      deno: Deno.version.deno,
      os: `${Deno.build.os} ${Deno.build.arch}`,
      started_at: this.#startedAt,
      processed: this.#processed,
      failed: this.#failed,
      retried: this.#retried,
      memory_mib: Math.round(Deno.memoryUsage().rss / 1024 / 1024),
      load: machineLoad(),
      cpu_percent: this.#cpu.percent(),
      time_limit: timeLimit,
      soft_time_limit: softTimeLimit,
      prefetch_multiplier: this.options.prefetchMultiplier,
      max_tasks_per_child: pool.maxTasksPerChild,
      tasks: pool.taskNames().slice(0, MAX_TASK_NAMES),
      running: runs.slice(0, MAX_LISTED).map(({ job, limits, stage }) => ({
        task_id: job.id,
        name: job.name,
        queue: job.queue,
        attempt: job.attempt,
        started_at: new Date(performance.timeOrigin + limits.startedAt).toISOString(),
        stage: stage === null ? null : stage.slice(0, MAX_STAGE_CHARS),
        slot: pool.slotOf(job.id),
      })),
      threads: pool.threads().slice(0, MAX_LISTED),
      last_command: lastCommand,
    };
  }
}

/** What share of one core this process takes. */
class CpuShare {
  #usage = cpuUsage();
  #at = performance.now();
  #percent = 0;

  /** Since it was last asked, unless that was a moment ago. */
  percent(): number {
    const ms = performance.now() - this.#at;
    if (ms < MIN_CPU_MS) return this.#percent;
    const { user, system } = cpuUsage(this.#usage);
    this.#percent = Math.round((user + system) / 10 / ms);
    this.#usage = cpuUsage();
    this.#at = performance.now();
    return this.#percent;
  }
}

function machineLoad(): [number, number, number] {
  const [one = 0, five = 0, fifteen = 0] = loadavg().map((load) => Math.round(load * 100) / 100);
  return [one, five, fifteen];
}
