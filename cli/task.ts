/** `taskapp task`: looking at tasks, cancelling them, running them again, limiting their rate. */

import { type Command, Option } from "commander";
import type { Broker, Change, TaskFilter } from "../jobs/broker.ts";
import { Registry } from "../jobs/registry.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { type Rate, type State, STATES, type Task } from "../jobs/wire.ts";
import { parseArgs } from "./call.ts";
import type { Io } from "./io.ts";
import { integer, noneAsNull, orNone, rate } from "./options.ts";
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

  parent.command("types").description("List the tasks that can be started, and their rate limits")
    .option("--json", "print JSON")
    .action((_, command: Command) => listTypes(command.optsWithGlobals(), io));

  parent.command("rate-limit").description("Limit all tasks of a name, on all workers together")
    .argument("<name>", "the task's name")
    .argument(
      "<rate>",
      "such as 10/s, 10/m, 10/h or 0.5/d; none for what its definition says",
      orNone(rate),
    )
    .action((name, limit, _, command: Command) =>
      limitRate(name, noneAsNull(limit), command.optsWithGlobals(), io)
    );
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
      options.json ? `${JSON.stringify(types, null, 2)}\n` : table([
        ["NAME", "QUEUE", "RATE", "DESCRIPTION"],
        ...types.map((type) => [type.name, type.queue, type.rate_limit ?? "", type.description]),
      ]),
    );
  });
}

function limitRate(
  name: string,
  limit: Rate | null,
  options: BrokerOption,
  io: Io,
): Promise<void> {
  return withBroker(options, async (broker) => {
    const task = new Registry(tasks).get(name);
    await broker.limitTask(name, limit);
    const { rate_limit } = task.describe(limit ?? undefined);
    io.out(`${name} may start ${rate_limit ?? "at any rate"}\n`);
  });
}
