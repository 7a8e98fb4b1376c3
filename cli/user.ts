/** `taskapp user`: the users in a file, who may log in to a server that is given it. */

import { type Command } from "commander";
import { hashPassword, isPassword, PASSWORD_RULE } from "../jobs/access_secrets.ts";
import type { Role } from "../jobs/wire.ts";
import {
  accessName,
  fileOf,
  fileOption,
  find,
  listFile,
  roleOption,
  write,
} from "./credentials.ts";
import { type Io, UsageError } from "./io.ts";

/** Adds `user` with its own commands. */
export function addUserCommand(program: Command, io: Io): void {
  const parent = program.command("user").alias("users")
    .description("Add, list and remove those who may log in")
    .addOption(fileOption("user", "the file that holds them, one a line; add makes it"))
    .configureHelp({ showGlobalOptions: true });

  parent.command("add").description("Add one; asks for the password, or reads a line")
    .argument("<name>", "to log in with", accessName)
    .addOption(roleOption())
    .action(async (name: string, { role }: { role: Role }, command: Command) => {
      const path = fileOf("user", command);
      if (find("user", path, name)) {
        throw new UsageError(
          `${name} is in ${path} already; taskapp user passwd changes the password`,
        );
      }
      write("user", path, name, { name, role, hash: await hashPassword(askPassword(io)) });
      io.out(`${name} may log in as ${role}\n`);
    });

  parent.command("passwd").description("Change a password; ends the sessions of that user")
    .argument("<name>", "whose", accessName)
    .action(async (name: string, _, command: Command) => {
      const path = fileOf("user", command);
      const user = known(path, name);
      write("user", path, name, { ...user, hash: await hashPassword(askPassword(io)) });
      io.out(`${name} has a new password\n`);
    });

  parent.command("remove").alias("rm").description("Remove one, who is logged out at once")
    .argument("<name>", "whom", accessName)
    .action((name: string, _, command: Command) => {
      const path = fileOf("user", command);
      known(path, name);
      write("user", path, name, null);
      io.out(`${name} may not log in any more\n`);
    });

  parent.command("list").alias("ls").description("List them")
    .action((_, command: Command) => listFile("user", fileOf("user", command), io));
}

function known(path: string, name: string) {
  const user = find("user", path, name);
  if (!user) throw new UsageError(`${path} has no user ${name}`);
  return user;
}

/** Asks twice on a terminal, and reads a line where there is none. */
function askPassword(io: Io): string {
  const password = io.secret?.("Password:") ?? null;
  if (password === null) throw new UsageError("no password was given");
  if (!isPassword(password)) throw new UsageError(`a password ${PASSWORD_RULE}`);
  if (io.confirm && io.secret?.("Once more:") !== password) {
    throw new UsageError("the two passwords differ: try again");
  }
  return password;
}
