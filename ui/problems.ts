/** What somebody should look at, from what the page knows. Pure. */

import type { QueueInfo, SystemInfo, WorkerInfo } from "../jobs/wire.ts";
import { count, plural, wholeSeconds } from "./format.ts";
import { href } from "./address.ts";

export interface Problem {
  id: string;
  tone: "bad" | "warn";
  title: string;
  /** What to do about it. */
  hint: string;
  /** Where to look. */
  href: string;
}

/** From so many milliseconds on a wait is long. */
const LONG_WAIT_MS = 60_000;

/** What counts of a worker. */
type Serving = Pick<WorkerInfo, "queues" | "mode">;

/** Workers that can start tasks of a queue. */
export function workersOf<W extends Serving>(queue: string, workers: W[]): W[] {
  return workers.filter(({ queues }) => queues.includes(queue));
}

/**
 * @param silent names of workers that have not been heard of for too long
 * @param system null while it is not known
 */
export function problemsOf(
  queues: QueueInfo[],
  workers: Serving[],
  silent: string[],
  system: SystemInfo | null,
): Problem[] {
  return [
    ...memoryProblems(system),
    ...silent.map((name): Problem => ({
      id: `silent ${name}`,
      tone: "bad",
      title: `The worker ${name} is silent.`,
      hint: "Its tasks run again elsewhere once its lease has run out.",
      href: href("workers", name),
    })),
    ...queues.flatMap((queue) => queueProblem(queue, workers) ?? []),
  ];
}

/** At most one of each queue: what explains the others. */
function queueProblem(queue: QueueInfo, workers: Serving[]): Problem | null {
  const { name, waiting, paused, oldest_wait_ms } = queue;
  if (waiting === 0) return null;
  const waits = `${plural(waiting, "task")} ${waiting === 1 ? "waits" : "wait"}`;
  const at = { id: `queue ${name}`, href: href("queues", name) };
  if (paused) {
    const title = `The queue ${name} is paused, and ${waits} in it.`;
    return { ...at, tone: "warn", title, hint: "Resume it to go on." };
  }
  const serving = workersOf(name, workers);
  if (serving.length === 0) {
    const title = `No worker serves the queue ${name}, in which ${waits}.`;
    return { ...at, tone: "bad", title, hint: `Start one: taskapp work -Q ${name}` };
  }
  if (serving.every(({ mode }) => mode !== "working")) {
    const title = `Every worker of the queue ${name} is quiet or stopping, and ${waits} in it.`;
    return { ...at, tone: "bad", title, hint: "Resume one of them, or start another." };
  }
  if (oldest_wait_ms !== null && oldest_wait_ms >= LONG_WAIT_MS) {
    const title = `Tasks of the queue ${name} wait long: the oldest for ${
      wholeSeconds(oldest_wait_ms)
    }.`;
    const hint = queue.rate_limit || queue.concurrency_limit !== null
      ? "It has a limit. Lift that, or add slots or workers."
      : "Add slots or workers.";
    return { ...at, tone: "warn", title, hint };
  }
  return null;
}

/** From this share of its memory on a Redis is nearly full. */
const NEARLY_FULL = 0.9;

function memoryProblems(system: SystemInfo | null): Problem[] {
  if (system === null || system.broker.kind !== "redis") return [];
  const { memory_bytes, memory_limit_bytes, details } = system.broker;
  const at = href("system");
  const problems: Problem[] = [];
  const policy = Object.values(details).find((text) => /^(allkeys|volatile)-/.test(text));
  if (policy) {
    problems.push({
      id: "evicting",
      tone: "bad",
      title: `Redis drops tasks when it is full (maxmemory-policy ${policy}).`,
      hint: "Set it: CONFIG SET maxmemory-policy noeviction",
      href: at,
    });
  }
  if (memory_limit_bytes && memory_bytes >= NEARLY_FULL * memory_limit_bytes) {
    problems.push({
      id: "memory",
      tone: memory_bytes >= memory_limit_bytes ? "bad" : "warn",
      title: `Redis has used ${
        count(Math.round(100 * memory_bytes / memory_limit_bytes))
      } % of its memory.`,
      hint:
        "Raise maxmemory, purge queues, or keep results for less long. It takes no tasks when it is full.",
      href: at,
    });
  }
  return problems;
}
