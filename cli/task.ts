/** `taskapp task`: looking at tasks, cancelling them, running them again, limiting their rate. */

import { type Command, Option } from "commander";
import type { Broker, Change, TaskFilter, TaskQuery } from "../jobs/broker.ts";
import { describeTaskType, limitTaskType } from "../jobs/task_types.ts";
import type { Rate, State, TaskSummary, TaskType } from "../jobs/wire.ts";
import { parseArgs } from "./call.ts";
import { type Io, UsageError } from "./io.ts";
import { ago, integer, noneAsNull, orNone, rate, seconds, states } from "./options.ts";
import { loadRegistry } from "./registry.ts";
import { oneLine, table } from "./table.ts";
import { withBroker } from "./with_broker.ts";

const MAX_LISTED = 10_000;
const PAGE = 100;
const ERROR_CHARS = 80;

interface BrokerOption {
  broker: string;
  resultExpires?: number;
}

/** Adds the commands to one that has `--broker` and `--result-expires`. */
export function addTaskCommands(parent: Command, io: Io, done: (code: number) => void): void {
  parent.configureHelp({ showGlobalOptions: true });

  addFilterOptions(parent.command("ls").description("List tasks, the newest first"))
    .option("--state <states>", "only those in this state, or in one of several (A,B)", states)
    .addOption(new Option("--active", "only those that run").conflicts("state"))
    .option("--json", "print JSON")
    .action((_, command: Command) => listTasks(command.optsWithGlobals(), io));

  parent.command("revoke").description("Cancel tasks; running ones are stopped")
    .argument("<ids...>")
    .action(async (ids, _, command: Command) =>
      done(
        await change(
          ids,
          command.optsWithGlobals(),
          io,
          "Revoked",
          (broker, id) => broker.revoke(id),
        ),
      )
    );

  parent.command("retry").description("Run an ended task again, as a new attempt")
    .argument("<id>")
    .argument("[args]", "as JSON, instead of those that it had")
    .action(async (id, args, _, command: Command) =>
      done(await retry(id, args, command.optsWithGlobals(), io))
    );

  parent.command("forget").description("Delete ended tasks")
    .argument("<ids...>")
    .action(async (ids, _, command: Command) =>
      done(
        await change(
          ids,
          command.optsWithGlobals(),
          io,
          "Forgot",
          (broker, id) => broker.forget(id),
        ),
      )
    );

  parent.command("types").description("List the tasks that can be started, and their limits")
    .option("--json", "print JSON")
    .action((_, command: Command) => listTypes(command.optsWithGlobals(), io));

  parent.command("limit").description("Limit all tasks of a name, on all workers together")
    .argument("<name>", "the task's name")
    .addOption(
      new Option("--rate-limit <rate>", "how many may start, such as 10/m")
        .argParser(orNone(rate)),
    )
    .addOption(
      new Option(
        "--time-limit <seconds>",
        "stop runs that start from now on after this; 0 for never",
      )
        .argParser(orNone(seconds)),
    )
    .addOption(
      new Option("--soft-time-limit <seconds>", "ask them to stop after this; 0 for never")
        .argParser(orNone(seconds)),
    )
    .addHelpText("after", "\nSay none for what each task, or its definition, says itself.")
    .action((name, _, command: Command) => limit(name, command.optsWithGlobals(), io));
}

/** What the options of `addFilterOptions` say. */
export type FilterOptions = Omit<TaskFilter, "state" | "dead"> & { limit: number };

/** Adds the options that say which tasks. */
export function addFilterOptions(command: Command, limit = 50): Command {
  return command
    .option("--name <name>", "only tasks of this name")
    .option("--queue <name>", "only those of this queue")
    .option("--worker <name>", "only those that this worker runs, or was the last to run")
    .option("--schedule <name>", "only those that this schedule started")
    .option("--id <text>", "only those whose id begins so")
    .option("--args <text>", "only those with this in their arguments as JSON")
    .option("--result <text>", "only those with this in their result as JSON")
    .option("--error <text>", "only those with this in the type or message of their error")
    .option("--text <text>", "only those with this in id, name, arguments, result or error")
    .option(
      "--since <time>",
      "only those started then or later: a time, or 90s, 5m, 2h, 7d ago",
      ago,
    )
    .option("--until <time>", "only those started then or earlier", ago)
    .addOption(
      new Option("-n, --limit <n>", "at most so many").default(limit)
        .argParser(integer(1, MAX_LISTED)),
    );
}

/** Of the options those that `addFilterOptions` has added, but for the limit. */
export function filterOf(options: FilterOptions): Omit<FilterOptions, "limit"> {
  const { name, queue, worker, schedule, id, args, result, error, text, since, until } = options;
  return { name, queue, worker, schedule, id, args, result, error, text, since, until };
}

type ListOptions = BrokerOption & FilterOptions & {
  state?: State[];
  active?: boolean;
  dead?: boolean;
  json?: boolean;
};

/** Prints the tasks that fit. */
export function listTasks(options: ListOptions, io: Io): Promise<void> {
  const { active, state, dead, json, limit } = options;
  const states: State[] | undefined = active ? ["STARTED", "PROGRESS"] : state;
  const query = { ...filterOf(options), state: states, dead, limit };
  return withBroker(options, async (broker) => {
    if (json) {
      const found = await collect(query, (page) => broker.list(page));
      io.out(`${JSON.stringify(found, null, 2)}\n`);
    } else {
      io.out(taskTable(await collect(query, (page) => broker.summarize(page))));
    }
  });
}

/** The tasks of as many pages as it takes. */
async function collect<T>(
  query: TaskQuery,
  page: (query: TaskQuery) => Promise<{ tasks: T[]; cursor: string | null }>,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(PAGE, query.limit - found.length);
    const { tasks, cursor: next } = await page({ ...query, limit, cursor });
    found.push(...tasks);
    cursor = next ?? undefined;
  } while (cursor !== undefined && found.length < query.limit);
  return found;
}

function taskTable(found: TaskSummary[]): string {
  return table([
    ["ID", "NAME", "STATE", "QUEUE", "CREATED", "FINISHED", "ERROR"],
    ...found.map((task) => [
      task.task_id,
      task.name,
      task.status,
      task.queue,
      task.created_at,
      task.finished_at ?? "",
      task.error ? oneLine(`${task.error.type}: ${task.error.message}`, ERROR_CHARS) : "",
    ]),
  ]);
}

/** @returns 1 if one of them was not there or not in a state for it */
function change(
  ids: string[],
  options: BrokerOption,
  io: Io,
  what: string,
  act: (broker: Broker, id: string) => Promise<Change>,
): Promise<number> {
  return withBroker(options, async (broker) => {
    let code = 0;
    for (const id of ids) {
      const result = await act(broker, id);
      if (result?.done) {
        io.out(`${what} ${id}\n`);
      } else {
        io.err(
          `error: ${result ? `task ${id} is ${result.status}` : `no task has the id ${id}`}\n`,
        );
        code = 1;
      }
    }
    return code;
  });
}

function retry(
  id: string,
  argsText: string | undefined,
  options: BrokerOption,
  io: Io,
): Promise<number> {
  const args = parseArgs(argsText);
  return change([id], options, io, "Runs again:", async (broker) => {
    if (args === undefined) return broker.retry(id);
    const task = await broker.get(id);
    if (task === null) return null;
    return broker.retry(id, await (await loadRegistry()).get(task.name).encodeArgs(args));
  });
}

function listTypes(options: BrokerOption & { json?: boolean }, io: Io): Promise<void> {
  return withBroker(options, async (broker) => {
    const types = (await loadRegistry()).describe(await broker.taskLimits());
    io.out(
      options.json ? `${JSON.stringify(types, null, 2)}\n` : typeTable(types),
    );
  });
}

function typeTable(types: TaskType[]): string {
  return table([
    ["NAME", "QUEUE", "RATE", "TIME LIMIT", "SOFT", "DESCRIPTION"],
    ...types.map((type) => [
      type.name,
      type.queue,
      type.rate_limit ?? "",
      secondsText(type.time_limit),
      secondsText(type.soft_time_limit),
      type.description,
    ]),
  ]);
}

/** A time limit; nothing where it is left to the worker. */
function secondsText(limit: number | null): string {
  if (limit === null) return "";
  return limit === 0 ? "never" : `${limit} s`;
}

interface LimitOptions extends BrokerOption {
  rateLimit?: Rate | "none";
  timeLimit?: number | "none";
  softTimeLimit?: number | "none";
}

function limit(name: string, options: LimitOptions, io: Io): Promise<void> {
  const { broker: url, rateLimit, timeLimit, softTimeLimit } = options;
  if ([rateLimit, timeLimit, softTimeLimit].every((each) => each === undefined)) {
    throw new UsageError("say --rate-limit, --time-limit, --soft-time-limit or several of them");
  }
  return withBroker({ broker: url }, async (broker) => {
    const registry = await loadRegistry();
    await limitTaskType(broker, registry, name, {
      ...(rateLimit !== undefined && { rateLimit: noneAsNull(rateLimit) }),
      ...(timeLimit !== undefined && { timeLimit: noneAsNull(timeLimit) }),
      ...(softTimeLimit !== undefined && { softTimeLimit: noneAsNull(softTimeLimit) }),
    });
    io.out(typeTable([await describeTaskType(broker, registry, name)]));
  });
}
