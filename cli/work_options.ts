/** The flags of `work`, which `dev` has too, and what they must be to go together. */

import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_LEASE_MS } from "../jobs/broker.ts";
import { MAX_SECONDS } from "../jobs/options.ts";
import { MAX_CONCURRENCY } from "../jobs/worker_options.ts";
import { expandHostname } from "./hostname.ts";
import { UsageError } from "./io.ts";
import { integer, names, seconds } from "./options.ts";

const PER_CHILD = [
  ["maxTasksPerChild", "--max-tasks-per-child"],
  ["maxMemoryPerChild", "--max-memory-per-child"],
] as const;

/** Each flag is read here; `checkWorkOptions` sees to it that they go together. */
export function addWorkOptions(command: Command): Command {
  return command
    .addOption(
      new Option("-c, --concurrency <n>", "tasks at a time")
        .env("TASKAPP_CONCURRENCY").default(availableParallelism(), "one per core")
        .argParser(integer(1, MAX_CONCURRENCY)),
    )
    .addOption(
      new Option(
        "--autoscale <max,min>",
        "instead of --concurrency: up to max tasks at a time while tasks wait, down to min when idle",
      )
        .env("TASKAPP_AUTOSCALE").argParser(autoscale),
    )
    .addOption(
      new Option("-Q, --queues <names>", "the most important first; without it all that tasks name")
        .env("TASKAPP_QUEUES").argParser(names),
    )
    .addOption(
      new Option(
        "-P, --pool <kind>",
        "threads, or async for many tasks that wait for I/O, which cannot stop a busy loop",
      )
        .env("TASKAPP_POOL").default("threads").choices(["threads", "async"]),
    )
    .addOption(
      new Option(
        "-n, --hostname <name>",
        "what to call this worker, with %h for this host, %n for its name, %d for its domain; " +
          "without it taskapp@%h",
      )
        .env("TASKAPP_HOSTNAME").argParser((text) => expandHostname(text)),
    )
    .addOption(
      new Option(
        "--time-limit <seconds>",
        "stop tasks that set no limit of their own after this; 0 for never",
      )
        .env("TASKAPP_TIME_LIMIT").default(300).argParser(seconds),
    )
    .addOption(
      new Option("--soft-time-limit <seconds>", "ask them to stop after this; 0 for never")
        .env("TASKAPP_SOFT_TIME_LIMIT").default(240).argParser(seconds),
    )
    .addOption(
      new Option("--memory-limit <MiB>", "heap of one task; more ends it")
        .env("TASKAPP_MEMORY_LIMIT").default(512).argParser(integer(16, 65536)),
    )
    .addOption(
      new Option(
        "--max-tasks-per-child <n>",
        "replace a thread after this many tasks; without it never",
      )
        .env("TASKAPP_MAX_TASKS_PER_CHILD")
        .argParser(integer(1, 1_000_000_000)),
    )
    .addOption(
      new Option(
        "--max-memory-per-child <MiB>",
        "replace a thread that keeps more than this after a task; without it never",
      )
        .env("TASKAPP_MAX_MEMORY_PER_CHILD").argParser(integer(16, 65536)),
    )
    .addOption(
      new Option(
        "--prefetch-multiplier <n>",
        "claim short tasks ahead, up to n per slot, or very short ones for 5 ms of work; 1 for never",
      )
        .env("TASKAPP_PREFETCH_MULTIPLIER").default(4).argParser(integer(1, 1000)),
    )
    .addOption(
      new Option(
        "--lease <seconds>",
        "a worker that is silent for this long has lost its tasks to others; it renews its lease " +
          "five times in this time",
      )
        .env("TASKAPP_LEASE").default(DEFAULT_LEASE_MS / 1000).argParser(integer(2, 3600)),
    )
    .addOption(
      new Option("--grace <seconds>", "how long running tasks may go on at shutdown")
        .env("TASKAPP_GRACE").default(30).argParser(integer(0, MAX_SECONDS)),
    )
    .hook("preAction", (_, action) => checkWorkOptions(action));
}

/** The number of tasks at once; as text it is what the user wrote. */
export type Autoscale = [max: number, min: number];

/** Reads them. */
export function autoscale(text: string): Autoscale {
  const [, max = 0, min = 0] = (/^(\d+),(\d+)$/.exec(text) ?? []).map(Number);
  if (min < 1 || max < min || max > MAX_CONCURRENCY) {
    throw new InvalidArgumentError(
      `must be max,min, such as 10,3, both from 1 to ${MAX_CONCURRENCY}`,
    );
  }
  return [max, min];
}

/**
 * Refuses settings that contradict each other. A flag wins over a variable also where they exclude
 * each other.
 * @throws {UsageError}
 */
function checkWorkOptions(command: Command): void {
  const value = (name: string) => command.getOptionValue(name);
  const source = (name: string) => command.getOptionValueSource(name);
  const isGiven = (name: string) => ["cli", "env"].includes(source(name) ?? "");

  if (isGiven("autoscale") && isGiven("concurrency")) {
    if (source("autoscale") === source("concurrency")) {
      throw new UsageError(
        "--autoscale and --concurrency exclude each other: for a fixed number of tasks at a time " +
          "say --concurrency alone",
      );
    }
    if (source("concurrency") === "cli") command.setOptionValue("autoscale", undefined);
  }
  const [hard, soft] = [value("timeLimit"), value("softTimeLimit")];
  if (isGiven("softTimeLimit") && soft > 0 && hard > 0 && soft >= hard) {
    throw new UsageError(
      `--soft-time-limit ${soft} must be below --time-limit ${hard}, or tasks are stopped before ` +
        "they are asked to stop",
    );
  }
  for (const [option, flag] of PER_CHILD) {
    if (value("pool") !== "async" || !isGiven(option)) continue;
    if (source(option) === "env" && source("pool") === "cli") continue;
    throw new UsageError(`${flag} is for --pool threads: there are no threads to replace in async`);
  }
  const [limit, kept] = [value("memoryLimit"), value("maxMemoryPerChild")];
  if (kept >= limit) {
    throw new UsageError(
      `--max-memory-per-child ${kept} must be below --memory-limit ${limit}, which ends a task`,
    );
  }
}
