/** `taskapp dead`: the tasks that have failed for good, running them again or forgetting them. */

import type { Command } from "commander";
import { DEFAULT_DEAD, findDead, forgetDead, replayDead } from "../jobs/dead.ts";
import { type Io, UsageError } from "./io.ts";
import { agreed } from "./purge.ts";
import { addFilterOptions, filterOf, type FilterOptions, listTasks } from "./task.ts";
import { withBroker } from "./with_broker.ts";

/** Adds the commands to one that has `--broker`. */
export function addDeadCommands(parent: Command, io: Io, done: (code: number) => void): void {
  parent.configureHelp({ showGlobalOptions: true });

  addFilterOptions(parent.command("ls").description("List them, the last that failed first"))
    .option("--json", "print JSON")
    .action((_, command: Command) => listTasks({ ...command.optsWithGlobals(), dead: true }, io));

  const replay = parent.command("replay").description("Run them again")
    .argument("[ids...]", "without any: all that the options leave, the newest");
  addFilterOptions(replay, DEFAULT_DEAD)
    .option("--all", "whatever they are, the newest")
    .action(async (ids, _, command: Command) => {
      mustSayWhich(ids, command);
      done(await act(ids, command, io, "Replayed", replayDead, () => true));
    });

  const forget = parent.command("forget").description("Delete them")
    .argument("[ids...]", "without any: all that the options leave, the newest");
  addFilterOptions(forget, DEFAULT_DEAD)
    .option("-f, --force", "do not ask")
    .action(async (ids, _, command: Command) => {
      const { force } = command.opts();
      if (!force && !io.confirm) agreed("Delete the dead tasks that fit?", io);
      const may = (count: number) => force || agreed(`Delete ${count} dead task(s)?`, io);
      done(await act(ids, command, io, "Forgot", forgetDead, may));
    });
}

/** Running tasks again cannot be undone, and some must not run twice. */
function mustSayWhich(ids: string[], command: Command): void {
  if (ids.length > 0 || command.opts().all || saysWhich(command)) return;
  throw new UsageError("say which: ids, or an option such as --name or --error, or --all for any");
}

/** Whether one of the options says which tasks. */
function saysWhich(command: Command): boolean {
  return Object.values(filterOf(command.opts<FilterOptions>())).some((each) => each !== undefined);
}

/**
 * @param may is asked with the number of tasks
 * @returns 1 if one of the ids was of no dead task, or it may not be
 */
function act(
  ids: string[],
  command: Command,
  io: Io,
  what: string,
  handle: typeof replayDead,
  may: (count: number) => boolean,
): Promise<number> {
  if (ids.length > 0 && saysWhich(command)) {
    throw new UsageError("say either ids or options such as --name, --queue and --error");
  }
  const options = command.optsWithGlobals<{ broker: string } & FilterOptions>();
  return withBroker(options, async (broker) => {
    const selection = ids.length > 0
      ? { ids, limit: ids.length }
      : { ...filterOf(options), limit: options.limit };
    const found = await findDead(broker, selection);
    if (found.ids.length > 0 && !may(found.ids.length)) return 1;
    const { count } = await handle(broker, { ids: found.ids, limit: found.ids.length });
    io.out(`${what} ${count} task(s)${found.more ? "; there are more" : ""}\n`);
    if (ids.length === 0 || count === found.ids.length) return 0;
    io.err(`error: ${found.ids.length - count} of the ids are of no dead task\n`);
    return 1;
  });
}
