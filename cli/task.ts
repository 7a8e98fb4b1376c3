/** `taskapp task`: looking at tasks, cancelling them, running them again, limiting their rate. */

import { type Command, Option } from "commander";
import type { Broker, Change, TaskFilter } from "../jobs/broker.ts";
import { Registry } from "../jobs/registry.ts";
import { describeTaskType, limitTaskType } from "../jobs/task_types.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { type Rate, type State, STATES, type Task, type TaskType } from "../jobs/wire.ts";
import { parseArgs } from "./call.ts";
import { type Io, UsageError } from "./io.ts";
import { integer, noneAsNull, orNone, rate, seconds } from "./options.ts";
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
    .addOption(new Option("--state <state>", "only those in this state").choices([...STATES]))
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

/** Adds the options that say which tasks. */
export function addFilterOptions(command: Command, limit = 50): Command {
  return command
    .option("--name <name>", "only tasks of this name")
    .option("--queue <name>", "only those of this queue")
    .option("--error <text>", "only those with this in the type or message of their error")
    .addOption(
      new Option("-n, --limit <n>", "at most so many").default(limit)
        .argParser(integer(1, MAX_LISTED)),
    );
}

type ListOptions = BrokerOption & Omit<TaskFilter, "cursor"> & { active?: boolean; json?: boolean };

/** Prints the tasks that fit. */
export function listTasks(options: ListOptions, io: Io): Promise<void> {
  return withBroker(options, async (broker) => {
    const states: (State | undefined)[] = options.active
      ? ["STARTED", "PROGRESS"]
      : [options.state];
    const found: Task[] = [];
    for (const state of states) {
      found.push(...await find(broker, { ...options, state }, options.limit - found.length));
    }
    io.out(options.json ? `${JSON.stringify(found, null, 2)}\n` : taskTable(found));
  });
}

async function find(broker: Broker, filter: TaskFilter, limit: number): Promise<Task[]> {
  const { state, name, queue, error } = filter;
  const found: Task[] = [];
  let cursor: string | undefined;
  while (found.length < limit) {
    const size = Math.min(PAGE, limit - found.length);
    const page = await broker.list({ state, name, queue, error, limit: size, cursor });
    found.push(...page.tasks);
    if (page.cursor === null) break;
    cursor = page.cursor;
  }
  return found;
}

function taskTable(found: Task[]): string {
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
    return broker.retry(id, await new Registry(tasks).get(task.name).encodeArgs(args));
  });
}

function listTypes(options: BrokerOption & { json?: boolean }, io: Io): Promise<void> {
  return withBroker(options, async (broker) => {
    const types = new Registry(tasks).describe(await broker.taskLimits());
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
    const registry = new Registry(tasks);
    await limitTaskType(broker, registry, name, {
      ...(rateLimit !== undefined && { rateLimit: noneAsNull(rateLimit) }),
      ...(timeLimit !== undefined && { timeLimit: noneAsNull(timeLimit) }),
      ...(softTimeLimit !== undefined && { softTimeLimit: noneAsNull(softTimeLimit) }),
    });
    io.out(typeTable([await describeTaskType(broker, registry, name)]));
  });
}
