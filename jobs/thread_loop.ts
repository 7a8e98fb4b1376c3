/**
 * What a worker thread does: runs one task at a time and answers with updates and an outcome.
 * Whatever task code does to its thread, a busy loop, `Deno.exit()`, a full heap, the main thread
 * sees it from outside (thread_pool.ts).
 */

import { getHeapStatistics } from "node:v8";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { giveBackMemory } from "../lib/idle_memory.ts";
import type { Claimed } from "./broker.ts";
import { Context } from "./context.ts";
import { toTaskError } from "./errors.ts";
import { execute } from "./execute.ts";
import { abortError } from "./pool.ts";
import type { Registry } from "./registry.ts";
import { keepsMoreThan, usedMiB } from "./thread_memory.ts";
import { type FromThread, open, seal, type ThreadData, type ToThread } from "./thread_messages.ts";

const HEAP_CHECK_EVERY_MS = 100;

/** Makes this thread run the tasks of a registry. */
export function runThread(registry: Registry): void {
  if (!parentPort) throw new Error("invariant: runThread() is for worker threads");
  const port: MessagePort = parentPort;
  const { maxMemoryPerChild }: ThreadData = workerData;
  const heapLimit = getHeapStatistics().heap_size_limit;
  let controller: AbortController | undefined;

  const post = (message: FromThread) => port.postMessage(seal(message));

  const run = async (job: Claimed) => {
    controller = new AbortController();
    const context = new Context(job, controller.signal, (updates) => post({ updates }));
    // At its heap limit V8 raises the limit a little and ends the running code. Deno reports that
    // as an error only where no promise is in between; a risen limit tells it in every case.
    const watch = setInterval(() => {
      if (getHeapStatistics().heap_size_limit > heapLimit) post({ outOfMemory: true });
    }, HEAP_CHECK_EVERY_MS);
    const outcome = await execute(registry, job, context);
    clearInterval(watch);
    context.close();
    controller = undefined;
    post({ outcome, usedMiB: usedMiB(), keptMiB: keepsMoreThan(maxMemoryPerChild) });
  };

  port.on("message", (posted: unknown) => {
    const message = open<ToThread>(posted);
    if (!message) return;
    if ("run" in message) run(message.run);
    else if ("giveBackMemory" in message) giveBackMemory();
    else controller?.abort(abortError(message.abort));
  });

  // An error that nobody awaits belongs to the task that runs, as far as anyone can tell.
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    post({ crash: toTaskError(event.error) });
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    post({ crash: toTaskError(event.reason) });
  });

  post({ ready: { tasks: registry.names() } });
}
