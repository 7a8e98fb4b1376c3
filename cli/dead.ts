/** `taskapp dead`: the tasks that have failed for good, running them again or forgetting them. */

import type { Command } from "commander";
import { type DeadSelection, DEFAULT_DEAD, forgetDead, replayDead } from "../jobs/dead.ts";
import { type Io, UsageError } from "./io.ts";
import { agreed } from "./purge.ts";
import { addFilterOptions, listTasks } from "./task.ts";
import { withBroker } from "./with_broker.ts";

/** Adds the commands to one that has `--broker`. */
export function addDeadCommands(parent: Command, io: Io, done: (code: number) => void): void {
  parent.configureHelp({ showGlobalOptions: true });

  addFilterOptions(parent.command("ls").description("List them, the last that failed first"))
    .option("--json", "print JSON")
    .action((_, command: Command) =>
      listTasks({ ...command.optsWithGlobals(), state: "FAILURE" }, io)
    );

  const replay = parent.command("replay").description("Run them again")
    .argument("[ids...]", "without any: all that the options leave, the newest");
  addFilterOptions(replay, DEFAULT_DEAD)
    .option("--all", "whatever they are, the newest")
    .action(async (ids, _, command: Command) => {
      mustSayWhich(ids, command);
      done(await act(ids, command, io, "Replayed", replayDead));
    });

  const forget = parent.command("forget").description("Delete them")
    .argument("[ids...]", "without any: all that the options leave, the newest");
  addFilterOptions(forget, DEFAULT_DEAD)
    .option("-f, --force", "do not ask")
    .action(async (ids, _, command: Command) => {
      const { force } = command.opts();
      const may = force || agreed("Delete the dead tasks that fit?", io);
      done(may ? await act(ids, command, io, "Forgot", forgetDead) : 1);
    });
}

/** Running tasks again cannot be undone, and some must not run twice. */
function mustSayWhich(ids: string[], command: Command): void {
  const { name, queue, error, all } = command.opts();
  if (ids.length > 0 || all || (name ?? queue ?? error) !== undefined) return;
  throw new UsageError("say which: ids, or --name, --queue or --error, or --all for any");
}

/** @returns 1 if one of the ids was of no dead task */
function act(
  ids: string[],
  command: Command,
  io: Io,
  what: string,
  handle: typeof replayDead,
): Promise<number> {
  const options = command.optsWithGlobals<{ broker: string } & DeadSelection>();
  const { name, queue, error } = options;
  if (ids.length > 0 && (name ?? queue ?? error) !== undefined) {
    throw new UsageError("say either ids or --name, --queue and --error");
  }
  return withBroker(options, async (broker) => {
    const selection = ids.length > 0
      ? { ids, limit: ids.length }
      : { name, queue, error, limit: options.limit };
    const { count, more } = await handle(broker, selection);
    io.out(`${what} ${count} task(s)${more ? "; there are more" : ""}\n`);
    if (ids.length === 0 || count === new Set(ids).size) return 0;
    io.err(`error: ${new Set(ids).size - count} of the ids are of no dead task\n`);
    return 1;
  });
}
