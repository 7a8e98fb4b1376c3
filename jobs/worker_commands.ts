/** What a worker is told from outside, by `taskapp worker` or over HTTP, and what it answers. */

import { getLogger } from "@logtape/logtape";
import type { Bounds } from "./autoscaler.ts";
import { type Broker, BrokerUnavailableError } from "./broker.ts";
import type { SentCommand } from "./command_store.ts";
import { MAX_CONCURRENCY, MAX_QUEUES } from "./worker_options.ts";
import {
  type CommandOutcome,
  WORKER_COMMANDS,
  type WorkerCommand,
  type WorkerInfo,
} from "./wire.ts";

const log = getLogger(["taskapp", "worker"]);

const MAX_OUTCOME_CHARS = 500;

type Told = Pick<
  WorkerInfo,
  "mode" | "pool" | "min_concurrency" | "max_concurrency" | "queues"
>;

/** What commands do to a worker. */
export interface Commanded {
  /** How many tasks it runs. */
  readonly running: number;
  beat(): Told;
  quiet(): void;
  resume(): void;
  stop(): void;
  setBounds(bounds: Bounds): void;
  /** Answers how many tasks of other queues went back that waited for a slot. */
  setQueues(queues: string[]): number;
  /** @throws {Error} the new code does not start, and the old goes on */
  restartPool(): Promise<void>;
}

/** Carries out the commands to one worker. */
export class WorkerCommands {
  #last: CommandOutcome | null = null;
  #taking = false;
  #again = false;
  #missed = false;

  /** @param onOutcome called when there is an outcome to be told of */
  constructor(
    private readonly broker: Broker,
    private readonly name: string,
    private readonly worker: Commanded,
    private readonly onOutcome: () => void,
  ) {}

  /** What became of the last one. */
  get last(): CommandOutcome | null {
    return this.#last;
  }

  /** Carries out what waits. */
  async take(): Promise<void> {
    this.#again = true;
    if (this.#taking) return;
    this.#taking = true;
    while (this.#again) {
      this.#again = false;
      try {
        const commands = await this.broker.commands.take(this.name);
        this.#missed = false;
        // One that takes its time must not hold up a shutdown.
        for (const command of commands) void this.#carryOut(command);
      } catch (error) {
        this.#missed = true;
        if (!(error instanceof BrokerUnavailableError)) log.error(`Commands not read: ${error}`);
      }
    }
    this.#taking = false;
  }

  /** The same, where the broker could not be asked before; it has answered since. */
  async takeMissed(): Promise<void> {
    if (this.#missed) await this.take();
  }

  async #carryOut({ id, ...command }: SentCommand): Promise<void> {
    const refused = refusal(this.worker.beat(), command);
    let done = refused === null;
    let outcome = refused ?? "";
    try {
      if (done) outcome = await carryOut(this.worker, command);
    } catch (error) {
      done = false;
      outcome = oneLine(error instanceof Error ? error.message : String(error));
    }
    const fields = { command: command.command, outcome };
    if (done) log.info("Told to {command}: {outcome}", fields);
    else log.warn("Told to {command}, and did not: {outcome}", fields);
    const at = new Date().toISOString();
    this.#last = { id, command: command.command, done, outcome, at };
    this.onOutcome();
  }
}

/** It is told with each heartbeat. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, MAX_OUTCOME_CHARS);
}

/** Why a worker cannot do what it is told; null if it can, as far as can be seen from here. */
export function refusal(worker: Told, command: WorkerCommand): string | null {
  const { mode, pool, queues, min_concurrency: min, max_concurrency: max } = worker;
  if (!WORKER_COMMANDS.includes(command.command)) {
    return `it knows ${WORKER_COMMANDS.join(", ")} only`; // of a newer version's commands
  }
  if (mode === "stopping") return "it is stopping";
  switch (command.command) {
    case "grow":
      if (max + command.n <= MAX_CONCURRENCY) return null;
      return `it may run ${tasksAtOnce(min, max)}; at most ${MAX_CONCURRENCY} are allowed`;
    case "shrink":
      if (max - command.n >= 1) return null;
      return `it may run ${tasksAtOnce(min, max)}, and one must be left: quiet has it take none`;
    case "restart-pool":
      if (pool === "threads") return null;
      return "its pool is async and has no threads to replace: restart the worker";
    case "add-queue":
      if (queues.length < MAX_QUEUES || queues.includes(command.queue)) return null;
      return `it takes from ${queues.length} queues; at most ${MAX_QUEUES} are allowed`;
    case "remove-queue":
      if (!queues.includes(command.queue)) return `it takes from ${queues.join(", ")} only`;
      return queues.length > 1 ? null : "it is its only queue: quiet has it take no tasks at all";
    default:
      return null;
  }
}

/** @returns what has become of it, in words */
async function carryOut(worker: Commanded, command: WorkerCommand): Promise<string> {
  const { running } = worker;
  const { mode, queues, min_concurrency: min, max_concurrency: max } = worker.beat();
  switch (command.command) {
    case "quiet":
      worker.quiet();
      return `takes no tasks${running > 0 ? `; ${running} run on` : ""}`;
    case "resume":
      if (mode !== "quiet") return "was not quiet";
      worker.resume();
      return "takes tasks again";
    case "shutdown":
      worker.stop();
      return running > 0 ? `stops when its ${running} task(s) have ended` : "stops";
    case "grow":
      return setBounds(worker, { min: min + command.n, max: max + command.n });
    case "shrink":
      return setBounds(worker, { min: Math.max(1, min - command.n), max: max - command.n });
    case "autoscale":
      return setBounds(worker, command);
    case "restart-pool":
      await worker.restartPool();
      return "replaces its threads, each when its task has ended";
    case "add-queue":
      return setQueues(worker, [...new Set([...queues, command.queue])]);
    case "remove-queue":
      return setQueues(worker, queues.filter((queue) => queue !== command.queue));
  }
}

function setBounds(worker: Commanded, { min, max }: Bounds): string {
  worker.setBounds({ min, max });
  const { running } = worker;
  const surplus = running > max ? `; ${running} run now, and end as they would have` : "";
  return `may run ${tasksAtOnce(min, max)}${surplus}`;
}

function setQueues(worker: Commanded, queues: string[]): string {
  const back = worker.setQueues(queues);
  const went = back > 0 ? `; ${back} task(s) that it had claimed ahead went back` : "";
  return `takes from ${queues.join(", ")}${went}`;
}

function tasksAtOnce(min: number, max: number): string {
  return `${min === max ? max : `${min} to ${max}`} task(s) at once`;
}
