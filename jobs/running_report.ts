/** What a worker says when it is asked what it runs. */

import { getLogger } from "@logtape/logtape";
import type { WorkerBeat } from "./broker.ts";
import type { Running } from "./held.ts";

/** Said whatever the log level is: somebody asked. */
const log = getLogger(["taskapp", "status"]);

/** @param threadOf the number of the thread that runs a task, if it has one */
export function reportRunning(
  beat: WorkerBeat,
  runs: Running[],
  threadOf: (id: string) => number | null,
): void {
  const now = performance.now();
  const tasks = runs.map(({ job, limits, stage }) => ({
    id: job.id,
    name: job.name,
    attempt: job.attempt,
    seconds: Math.round((now - limits.startedAt) / 100) / 10,
    stage,
    thread: threadOf(job.id),
  }));
  const { hostname, pid, mode, pool, concurrency, queues, memory_mib, processed } = beat;
  const lines = tasks.map(({ id, name, attempt, seconds, stage, thread }) =>
    `\n  ${name}[${id}] attempt ${attempt}, for ${seconds} s` +
    (stage === null ? "" : `, stage ${stage}`) + (thread === null ? "" : `, thread ${thread}`)
  );
  log.info(
    `Worker {hostname} ({pid}) is {mode}: {running} of {concurrency} slots busy in its pool of ` +
      `{pool}, {processed} tasks done, queues {queues}, {memory_mib} MiB{lines}`,
    {
      hostname,
      pid,
      mode,
      pool,
      concurrency,
      running: tasks.length,
      processed,
      queues: queues.join(", "),
      memory_mib,
      tasks,
      lines: lines.join(""),
    },
  );
}
