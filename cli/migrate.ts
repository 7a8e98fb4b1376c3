/** `taskapp migrate`: moves all tasks from a database file to a Redis. */

import { migrate as move } from "../jobs/migrate.ts";
import { STATES } from "../jobs/wire.ts";
import { configureLog } from "../lib/log.ts";
import { type Io, UsageError } from "./io.ts";

export interface MigrateOptions {
  from: string;
  to: string;
}

export async function migrate({ from, to }: MigrateOptions, io: Io): Promise<number> {
  configureLog("error"); // what is wrong with a store is said once, by the command itself
  if (!from.startsWith("sqlite:") || to.startsWith("sqlite:")) {
    throw new UsageError("tasks can be moved --from sqlite:FILE --to redis://HOST:PORT only");
  }
  const file = from.slice("sqlite:".length);
  const { moved, schedules, renamed } = await move(file, to);
  let total = 0;
  for (const state of STATES) {
    const count = moved.get(state) ?? 0;
    if (count > 0) io.out(`${state.padEnd(8)} ${String(count).padStart(9)}\n`);
    total += count;
  }
  io.out(
    `All ${total} task(s) and ${schedules} schedule(s) have arrived. The file is ${renamed} now; nothing reads it any more\n`,
  );
  return 0;
}
