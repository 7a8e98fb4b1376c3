/** `taskapp token`: the tokens in a file, with which programs come in. */

import { type Command } from "commander";
import { hashToken, newToken } from "../jobs/access_secrets.ts";
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

/** Adds `token` with its own commands. */
export function addTokenCommand(program: Command, io: Io): void {
  const parent = program.command("token").alias("tokens")
    .description("Add, list and remove what programs come in with")
    .addOption(fileOption("token", "the file that holds their hashes, one a line; add makes it"))
    .configureHelp({ showGlobalOptions: true });

  parent.command("add").description("Make one and print it: it is shown this once")
    .argument("<name>", "of the program", accessName)
    .addOption(roleOption())
    .action((name: string, { role }: { role: Role }, command: Command) => {
      const path = fileOf("token", command);
      if (find("token", path, name)) {
        throw new UsageError(`${name} is in ${path} already; remove it to make it anew`);
      }
      const token = newToken();
      write("token", path, name, { name, role, hash: hashToken(token) });
      io.out(`${token}\n`);
    });

  parent.command("remove").alias("rm").description("Remove one, which ends its use at once")
    .argument("<name>", "which", accessName)
    .action((name: string, _, command: Command) => {
      const path = fileOf("token", command);
      if (!find("token", path, name)) throw new UsageError(`${path} has no token ${name}`);
      write("token", path, name, null);
      io.out(`The token ${name} counts no more\n`);
    });

  parent.command("list").alias("ls").description("List them")
    .action((_, command: Command) => listFile("token", fileOf("token", command), io));
}
