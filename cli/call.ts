/** `taskapp call`: starts a task from the command line, and watches it if asked to. */

import type { Broker } from "../jobs/broker.ts";
import type { CallOptions } from "../jobs/task.ts";
import { isReady, type Task } from "../jobs/wire.ts";
import { Wake } from "../lib/wake.ts";
import { type Io, UsageError } from "./io.ts";
import { loadRegistry } from "./registry.ts";
import { asUsageError, withBroker } from "./with_broker.ts";

const BAR_WIDTH = 30;
/** Looks again this often, for what a lost connection may have swallowed. */
const LOOK_EVERY_MS = 2000;

export interface CallCommandOptions extends CallOptions {
  broker: string;
  watch?: boolean;
}

/** @returns 0, or with `watch` 1 if the task did not end in SUCCESS */
export async function call(
  name: string,
  argsText: string | undefined,
  options: CallCommandOptions,
  io: Io,
): Promise<number> {
  const task = await prepare(name, argsText, options);
  return await withBroker(options, async (broker) => {
    const [receipt] = await broker.enqueue([task]);
    const id = receipt?.id ?? task.id;
    if (receipt?.conflict) {
      throw new UsageError(`--idempotency-key was used for another call: ${id}`);
    }
    io.out(`${id}\n`);
    if (receipt?.created === false) {
      io.err(`It was started by an earlier call, and is ${receipt.status}\n`);
    }
    return options.watch ? await watch(broker, id, io) : 0;
  });
}

async function prepare(name: string, argsText: string | undefined, options: CallOptions) {
  try {
    return await (await loadRegistry()).get(name).prepare(parseArgs(argsText), options);
  } catch (error) {
    throw asUsageError(error);
  }
}

/** Reads arguments given as JSON. @throws {UsageError} */
export function parseArgs(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`ARGS must be JSON such as '[1, 2]' or '{"a": 1}', not ${text}`);
  }
}

async function watch(broker: Broker, id: string, io: Io): Promise<number> {
  const news = new Wake();
  const subscription = await broker.subscribe({
    onEvents: (events) => events.some((event) => event.task_id === id) && news.ring(),
    onGap: () => news.ring(),
  });
  let shown = "";
  try {
    while (true) {
      const task = await broker.get(id);
      if (!task) {
        io.err(`Task ${id} has ended; its result was not kept\n`);
        return 1;
      }
      const line = progressLine(task);
      if (line !== shown) io.err(io.interactive ? `\r\x1b[K${line}` : `${line}\n`);
      shown = line;
      if (isReady(task.status)) {
        if (io.interactive) io.err("\n");
        return report(task, io);
      }
      await news.wait(LOOK_EVERY_MS);
    }
  } finally {
    await subscription.close();
  }
}

function progressLine({ status, progress, stage }: Task): string {
  const full = Math.round(progress / 100 * BAR_WIDTH);
  const bar = "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
  return `${bar} ${String(Math.round(progress)).padStart(3)} % ${stage ?? status}`;
}

function report(task: Task, io: Io): number {
  if (task.status === "SUCCESS") {
    io.out(`${JSON.stringify(task.result)}\n`);
    return 0;
  }
  const { type, message } = task.error ?? { type: task.status, message: "" };
  io.err(`${task.status}: ${type}: ${message}\n`);
  return 1;
}
