/** `taskapp schedule`: recurring tasks from the command line. */

import type { Command } from "commander";
import { Option } from "commander";
import { addCallOptions } from "./call_options.ts";
import { MAX_SECONDS } from "../jobs/options.ts";
import type { ScheduleDefinition } from "../jobs/schedule.ts";
import { Schedules, UnknownScheduleError } from "../jobs/schedule_control.ts";
import { MISFIRES, type Schedule, type ScheduleRun } from "../jobs/wire.ts";
import { parseArgs } from "./call.ts";
import type { Io } from "./io.ts";
import { brokerOption, integer, time } from "./options.ts";
import { loadRegistry } from "./registry.ts";
import { table } from "./table.ts";
import { withBroker } from "./with_broker.ts";

/** How many are read at a time. */
const PAGE = 500;

interface AddOptions extends Omit<ScheduleDefinition, "task" | "args"> {
  replace?: boolean;
}

/** Adds `schedule` with its own commands. @param done takes the exit code */
export function addScheduleCommand(program: Command, io: Io, done: (code: number) => void): void {
  const parent = program.command("schedule").alias("schedules")
    .description("Start tasks again and again: list, add, pause and run schedules")
    .addOption(brokerOption())
    .configureHelp({ showGlobalOptions: true });

  /** Runs a command with the schedules of the broker that was named. */
  const on = async (act: (schedules: Schedules) => Promise<void>) => {
    const { broker: url } = parent.opts<{ broker: string }>();
    const registry = await loadRegistry();
    await withBroker({ broker: url }, (broker) => act(new Schedules(broker, registry)));
    done(0);
  };

  parent.command("ls").alias("list").description("List all schedules")
    .option("--json", "print JSON")
    .action((options) =>
      on(async (schedules) => {
        const all = await everySchedule(schedules);
        io.out(options.json ? `${JSON.stringify(all, null, 2)}\n` : scheduleTable(all));
      })
    );

  addCommand(parent).action((name: string, task: string, args: string | undefined, options) =>
    on(async (schedules) => {
      const { replace, ...given } = options as AddOptions;
      const definition = { ...given, task, args: parseArgs(args) };
      const schedule = replace
        ? (await schedules.replace(name, definition)).schedule
        : await schedules.create(name, definition);
      io.out(`${name} is ${dueOrPaused(schedule)}\n`);
    })
  );

  parent.command("show").description("Print a schedule, its next times and its last runs")
    .argument("<name>").option("--json", "print JSON")
    .action((name: string, options) =>
      on(async (schedules) => {
        const schedule = await schedules.get(name);
        if (!schedule) throw new UnknownScheduleError(name);
        const detail = { ...schedule, next_times: await schedules.upcoming(name) };
        const runs = await schedules.runs(name);
        const text = options.json
          ? JSON.stringify({ ...detail, runs }, null, 2)
          : describe(detail, runs);
        io.out(`${text}\n`);
      })
    );

  parent.command("pause").description("Start nothing more by a schedule")
    .argument("<name>")
    .action((name: string) =>
      on(async (schedules) => {
        await schedules.pause(name);
        io.out(`${name} is paused\n`);
      })
    );

  parent.command("resume").description("Go on with a paused schedule").argument("<name>")
    .action((name: string) =>
      on(async (schedules) => {
        io.out(`${name} is ${dueOrPaused(await schedules.resume(name))}\n`);
      })
    );

  parent.command("run").description("Start the task of a schedule now; print its id")
    .argument("<name>")
    .action((name: string) =>
      on(async (schedules) => {
        const { id, status, created } = await schedules.run(name);
        io.out(`${id}\n`);
        if (!created) {
          io.err(`It was started earlier, with the same unique key, and is ${status}\n`);
        }
      })
    );

  parent.command("rm").alias("remove").description("Delete a schedule with its history")
    .argument("<name>")
    .action((name: string) =>
      on(async (schedules) => {
        await schedules.remove(name);
        io.out(`${name} is deleted\n`);
      })
    );
}

function addCommand(parent: Command): Command {
  return addCallOptions(parent.command("add").description("Add a schedule"))
    .argument("<name>", "what to call it")
    .argument("<task>", "the task's name")
    .argument("[args]", "its arguments as JSON: an array or an object")
    .option("--cron <expression>", "when: five fields as in '30 2 * * *', or six with seconds")
    .option("--timezone <name>", "whose clock --cron follows, as Europe/Berlin; without it UTC")
    .addOption(
      new Option("--every <seconds>", "when: each so many seconds")
        .argParser(integer(1, MAX_SECONDS)),
    )
    .addOption(new Option("--start <time>", "not before this time, ISO 8601").argParser(time))
    .addOption(new Option("--end <time>", "not after this time, ISO 8601").argParser(time))
    .addOption(
      new Option("--misfire <policy>", "which ticks run that nobody was there for")
        .choices([...MISFIRES]).default("last"),
    )
    .option("--paused", "do not start with it yet")
    .option("--replace", "put it in the place of the schedule of that name");
}

async function everySchedule(schedules: Schedules): Promise<Schedule[]> {
  const all: Schedule[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: Awaited<ReturnType<Schedules["list"]>> = await schedules.list(PAGE, cursor);
    all.push(...page.schedules);
    cursor = page.cursor;
  }
  return all;
}

function scheduleTable(schedules: Schedule[]): string {
  return table([
    ["NAME", "TASK", "SCHEDULE", "NEXT", "LAST"],
    ...schedules.map((schedule) => [
      schedule.name,
      schedule.task,
      timing(schedule),
      when(schedule),
      schedule.last_due_at ?? "-",
    ]),
  ]);
}

function timing({ cron, timezone, every }: Schedule): string {
  if (every !== null) return `every ${every} s`;
  return timezone === "UTC" ? `${cron}` : `${cron} ${timezone}`;
}

function when({ paused, next_due_at }: Schedule): string {
  return paused ? "paused" : next_due_at ?? "never";
}

function dueOrPaused(schedule: Schedule): string {
  return schedule.paused ? "paused" : `due ${when(schedule)}`;
}

function describe(schedule: Schedule & { next_times: string[] }, runs: ScheduleRun[]): string {
  const { next_times, ...fields } = schedule;
  const said = Object.entries(fields).filter(([, value]) => value !== null);
  const width = Math.max(...said.map(([name]) => name.length));
  return [
    ...said.map(([name, value]) =>
      `${name.padEnd(width)}  ${typeof value === "string" ? value : JSON.stringify(value)}`
    ),
    "",
    "next times",
    ...next_times.map((at) => `  ${at}`),
    ...(next_times.length === 0 ? ["  none"] : []),
    "",
    "last runs",
    ...runs.map((run) => `  ${runLine(run)}`),
    ...(runs.length === 0 ? ["  none"] : []),
  ].join("\n");
}

function runLine({ due_at, until, at, task_id, skipped }: ScheduleRun): string {
  const due = due_at === null ? `${at} by hand` : until ? `${due_at} to ${until}` : due_at;
  return [due, task_id, skipped].filter((part) => part !== null).join("  ");
}
