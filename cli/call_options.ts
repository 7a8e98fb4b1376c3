/** What a call may say of how its task is run; a schedule may say it too. */

import { type Command, Option } from "commander";
import { PRIORITIES } from "../jobs/wire.ts";
import { concurrencyLimit, integer, seconds, unique } from "./options.ts";

export function addCallOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--expires <seconds>", "revoke it if it has not started by then")
        .argParser(seconds),
    )
    .option("--queue <name>", "another queue than the task's own")
    .addOption(new Option("--priority <priority>", "what runs first").choices([...PRIORITIES]))
    .addOption(
      new Option("--max-retries <n>", "retries after failures").argParser(integer(0, 1000)),
    )
    .addOption(new Option("--time-limit <seconds>", "stop it after this").argParser(seconds))
    .addOption(
      new Option("--soft-time-limit <seconds>", "ask it to stop after this").argParser(seconds),
    )
    .addOption(
      new Option(
        "--unique <until>",
        "start, end or seconds: till then another call with these arguments gets the first one's task",
      )
        .argParser(unique),
    )
    .option("--unique-key <key>", "what counts for that instead of the arguments")
    .option("--concurrency-key <key>", "tasks with the same key take turns")
    .addOption(
      new Option("--concurrency-limit <n>", "how many with that key may run at once; without it 1")
        .argParser(concurrencyLimit),
    );
}
