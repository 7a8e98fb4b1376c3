/**
 * Giving memory back while there is nothing to do. For a program that has been loaded, or for a burst
 * of work, V8 takes about twice as much as stays in use, and keeps it until it needs more.
 */

import process from "node:process";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Duty } from "./ticker.ts";

const LOOK_EVERY_MS = 5000;
/** Of a core: a process that took less since the last look is idle. */
const IDLE_SHARE = 0.05;
/** Collecting holds up the thread, 2 to 4 ms per MiB: one that uses more than this is let be. */
const MAX_USED_BYTES = 64 * 1024 * 1024;

/** Collects garbage; the room that it took is kept for what comes next. */
export function collectGarbage(): void {
  collector()();
}

/** Gives back what this thread does not need, unless it uses so much that it would take long. */
export function giveBackMemory(): void {
  if (getHeapStatistics().used_heap_size > MAX_USED_BYTES) return;
  collector()({ type: "major", flavor: "last-resort" });
}

/** Calls back once when the process is idle, and again when it has been busy and is idle again. */
export function whenIdle(act: () => void): Duty {
  let usage = process.cpuUsage();
  let at = performance.now();
  let isDone = false;
  /** At the last look: what that took is no sign of work. */
  let hasActed = false;
  const run = () => {
    const { user, system } = process.cpuUsage(usage);
    const share = (user + system) / 1000 / (performance.now() - at);
    usage = process.cpuUsage();
    at = performance.now();
    const isIdle = share < IDLE_SHARE || hasActed;
    hasActed = isIdle && !isDone;
    if (hasActed) act();
    isDone = isIdle;
    return Promise.resolve();
  };
  return { name: "idle", everyMs: LOOK_EVERY_MS, run };
}

function collector(): (options?: { type: "major"; flavor: "last-resort" }) => void {
  setFlagsFromString("--expose-gc"); // for contexts that are made from now on
  return runInNewContext("gc");
}
