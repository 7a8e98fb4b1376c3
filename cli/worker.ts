/** `taskapp worker`: the live workers, and telling them what to do. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { Broker } from "../jobs/broker.ts";
import { CommandRefusedError, tellWorker, UnknownWorkerError } from "../jobs/worker_control.ts";
import { MAX_CONCURRENCY } from "../jobs/worker_options.ts";
import { NAME_PATTERN, type WorkerCommand, type WorkerInfo } from "../jobs/wire.ts";
import { type Io, UsageError } from "./io.ts";
import { integer } from "./options.ts";
import { oneLine, table } from "./table.ts";
import { withBroker } from "./with_broker.ts";
import { type Autoscale, autoscale } from "./work_options.ts";

/** How long a worker has to say what became of a command. */
const ANSWER_MS = 5000;
const LOOK_EVERY_MS = 100;
const STAGE_CHARS = 40;

interface Options {
  broker: string;
  all?: boolean;
  json?: boolean;
}

/** Adds the commands to one that has `--broker`. @param done takes the exit code */
export function addWorkerCommands(parent: Command, io: Io, done: (code: number) => void): void {
  parent.configureHelp({ showGlobalOptions: true }).addHelpText(
    "after",
    "\nA name may be shortened to a beginning that no other worker's has. `taskapp work` starts a worker.",
  );

  parent.command("ls").alias("list").description("List the live workers")
    .option("--json", "print JSON")
    .action((_, command: Command) => list(command.optsWithGlobals(), io));

  withNames(parent.command("show").description("Print all that workers say of themselves"))
    .option("--json", "print JSON")
    .action((names, _, command: Command) => show(names, command.optsWithGlobals(), io));

  const plain = {
    quiet: "Take no more tasks, and end those that run",
    resume: "Take tasks again after quiet",
    shutdown:
      "End the tasks that run, then stop, as after TERM; what supervises them may start others",
    "restart-pool": "Replace the threads, each when its task has ended: task code is loaded anew",
  } as const;
  for (const [name, description] of Object.entries(plain) as [keyof typeof plain, string][]) {
    withNames(parent.command(name).description(description))
      .action(async (names, _, command: Command) =>
        done(await tell({ command: name }, names, command.optsWithGlobals(), io))
      );
  }

  const sizes = { grow: "Run so many more tasks at once", shrink: "Run so many fewer" } as const;
  for (const [name, description] of Object.entries(sizes) as [keyof typeof sizes, string][]) {
    withNames(
      parent.command(name).description(description)
        .argument("<n>", "how many", integer(1, MAX_CONCURRENCY)),
    )
      .action(async (n: number, names, _, command: Command) =>
        done(await tell({ command: name, n }, names, command.optsWithGlobals(), io))
      );
  }

  withNames(
    parent.command("autoscale")
      .description("Run up to max tasks at once while tasks wait, down to min when idle")
      .argument("<max,min>", "such as 10,3", autoscale),
  )
    .action(async ([max, min]: Autoscale, names, _, command: Command) =>
      done(await tell({ command: "autoscale", max, min }, names, command.optsWithGlobals(), io))
    );

  const queues = {
    "add-queue": "Take tasks from this queue too, after the others",
    "remove-queue": "Take no more tasks from this queue",
  } as const;
  for (const [name, description] of Object.entries(queues) as [keyof typeof queues, string][]) {
    withNames(
      parent.command(name).description(description).argument("<queue>", "its name", queueName),
    )
      .action(async (queue: string, names, _, command: Command) =>
        done(await tell({ command: name, queue }, names, command.optsWithGlobals(), io))
      );
  }
}

function withNames(command: Command): Command {
  return command.argument("[names...]", "which workers").option("--all", "all of them");
}

function queueName(text: string): string {
  if (NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError(`"${text}" is not a name (letters, digits, _ . : -)`);
}

function list(options: Options, io: Io): Promise<void> {
  return withBroker(options, async (broker) => {
    const workers = await broker.workers();
    io.out(options.json ? `${JSON.stringify(workers, null, 2)}\n` : workerTable(workers));
  });
}

function show(names: string[], options: Options, io: Io): Promise<void> {
  return withBroker(options, async (broker) => {
    const workers = select(await broker.workers(), names, options);
    const text = options.json ? JSON.stringify(workers, null, 2) : workers.map(describe).join("\n");
    io.out(`${text}\n`);
  });
}

/** @returns 1 if one of them did not do it, or said nothing */
function tell(
  command: WorkerCommand,
  names: string[],
  options: Options,
  io: Io,
): Promise<number> {
  return withBroker(options, async (broker) => {
    const workers = select(await broker.workers(), names, options);
    const answers = await Promise.all(workers.map(({ name }) => ask(broker, name, command)));
    for (const { done, text } of answers) {
      if (done) io.out(`${text}\n`);
      else io.err(`error: ${text}\n`);
    }
    return answers.every(({ done }) => done) ? 0 : 1;
  });
}

async function ask(
  broker: Broker,
  name: string,
  command: WorkerCommand,
): Promise<{ done: boolean; text: string }> {
  try {
    const id = await tellWorker(broker, name, command);
    const deadline = performance.now() + ANSWER_MS;
    while (performance.now() < deadline) {
      await sleep(LOOK_EVERY_MS);
      const worker = (await broker.workers()).find((each) => each.name === name);
      if (!worker) return { done: command.command === "shutdown", text: `${name}: has stopped` };
      const { last_command: last } = worker;
      if (last?.id === id) return { done: last.done, text: `${name}: ${last.outcome}` };
    }
    const said = `${name} has not answered within ${ANSWER_MS / 1000} s`;
    return { done: false, text: `${said}: taskapp worker show tells whether it has done it since` };
  } catch (error) {
    const expected = error instanceof CommandRefusedError || error instanceof UnknownWorkerError;
    if (!expected) throw error;
    return { done: false, text: error.message };
  }
}

/**
 * The workers that are meant.
 * @throws {UsageError} none are named, or one is not or not clearly named
 */
function select(workers: WorkerInfo[], names: string[], { all = false }: Options): WorkerInfo[] {
  if (all && names.length > 0) throw new UsageError("say either names or --all");
  if (workers.length === 0) throw new UsageError("no worker is alive: taskapp work starts one");
  if (all) return workers;
  if (names.length === 0) {
    const known = workers.map(({ name }) => name).join(", ");
    throw new UsageError(`say which workers, or --all; there are ${known}`);
  }
  return [...new Set(names.map((name) => selectOne(workers, name)))];
}

function selectOne(workers: WorkerInfo[], name: string): WorkerInfo {
  const exact = workers.find((worker) => worker.name === name);
  if (exact) return exact;
  const [first, ...others] = workers.filter((worker) => worker.name.startsWith(name));
  if (!first) throw new UnknownWorkerError(name, workers.map((worker) => worker.name));
  if (others.length === 0) return first;
  const matches = [first, ...others].map((worker) => worker.name).join(", ");
  throw new UsageError(`${name} may be any of ${matches}: say more of its name`);
}

function workerTable(workers: WorkerInfo[]): string {
  return table([
    ["NAME", "MODE", "ACTIVE", "SLOTS", "POOL", "QUEUES", "DONE", "FAILED", "MEMORY", "CPU"],
    ...workers.map((worker) => [
      worker.name,
      worker.mode,
      String(worker.active),
      slots(worker),
      worker.pool,
      worker.queues.join(","),
      String(worker.processed),
      String(worker.failed),
      `${worker.memory_mib} MiB`,
      `${worker.cpu_percent} %`,
    ]),
  ]);
}

function slots({ concurrency, min_concurrency: min, max_concurrency: max }: WorkerInfo): string {
  return min === max ? String(concurrency) : `${concurrency} of ${min} to ${max}`;
}

function describe(worker: WorkerInfo): string {
  const { running, threads, last_command: last, ...fields } = worker;
  const said = Object.entries(fields).filter(([, value]) => value !== null);
  const width = Math.max(...said.map(([name]) => name.length));
  return [
    ...said.map(([name, value]) =>
      `${name.padEnd(width)}  ${Array.isArray(value) ? value.join(", ") : value}`
    ),
    ...section("last command", last ? [[last.at, last.command, last.outcome]] : []),
    ...section(
      "running",
      running.map(({ slot, task_id, name, queue, started_at, stage }) => [
        slot,
        task_id,
        name,
        queue,
        started_at,
        oneLine(stage ?? "", STAGE_CHARS),
      ]),
    ),
    ...section(
      "threads",
      threads.map(({ slot, tasks_done, memory_mib }) => [
        slot,
        `${tasks_done} task(s) done`,
        memory_mib === null ? "" : `${memory_mib} MiB`,
      ]),
    ),
  ].join("\n");
}

function section(title: string, lines: string[][]): string[] {
  if (lines.length === 0) return [];
  return ["", title, ...table(lines).trimEnd().split("\n").map((line) => `  ${line}`)];
}
