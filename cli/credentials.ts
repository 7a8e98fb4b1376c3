/** What `taskapp user` and `taskapp token` have in common: changing a file of names, roles and hashes. */

import { dirname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  ACCESS_NAME,
  ACCESS_NAME_RULE,
  AccessFileError,
  type Credential,
  CredentialFile,
  isRole,
  type Kind,
  parseCredentials,
} from "../jobs/access_file.ts";
import { type Role, ROLES } from "../jobs/wire.ts";
import { READABLE } from "./config.ts";
import { type Io, UsageError } from "./io.ts";
import { table } from "./table.ts";

/** Which file, where it is said. */
export const FILES = {
  user: { flag: "--users-file", variable: "TASKAPP_USERS_FILE" },
  token: { flag: "--tokens-file", variable: "TASKAPP_TOKENS_FILE" },
};

/** The option that names a file. */
export function fileOption(kind: Kind, description: string): Option {
  const { flag, variable } = FILES[kind];
  return new Option(`${flag} <file>`, description).env(variable);
}

/** The option that says a role. */
export function roleOption(): Option {
  return new Option(
    "-r, --role <role>",
    `${ROLES.join(", ")}: each may do what those before it may`,
  )
    .makeOptionMandatory().argParser(role);
}

function role(text: string): Role {
  if (!isRole(text)) throw new InvalidArgumentError(`must be one of ${ROLES.join(", ")}`);
  return text;
}

/** Reads the name of a user or a token. */
export function accessName(text: string): string {
  if (!ACCESS_NAME.test(text)) throw new InvalidArgumentError(ACCESS_NAME_RULE);
  return text;
}

/** The file that a command is to use. @throws {UsageError} none is named */
export function fileOf(kind: Kind, command: Command): string {
  const { usersFile, tokensFile } = command.optsWithGlobals<
    { usersFile?: string; tokensFile?: string }
  >();
  const path = kind === "user" ? usersFile : tokensFile;
  const { flag, variable } = FILES[kind];
  if (path === undefined) throw new UsageError(`say which file: ${flag} FILE or ${variable}`);
  return path;
}

/**
 * Reads a file of a server's.
 * @throws {UsageError} it cannot be read, or is not written right
 */
export function openFile(kind: Kind, path: string): CredentialFile {
  try {
    return new CredentialFile(kind, path);
  } catch (error) {
    throw asUsage(error);
  }
}

/** Prints the names and roles of a file. */
export function listFile(kind: Kind, path: string, io: Io): void {
  const rows = read(kind, path).credentials.map(({ name, role }) => [name, role]);
  io.out(table([["NAME", "ROLE"], ...rows]));
}

/** Whether a name is in a file, which may not be there yet. */
export function find(kind: Kind, path: string, name: string): Credential | undefined {
  return read(kind, path).credentials.find((each) => each.name === name);
}

/**
 * Writes a line of a file anew: in its place, or, for a new name, at the end. Comments stay.
 * @param credential null removes it
 */
export function write(kind: Kind, path: string, name: string, credential: Credential | null): void {
  const { text } = read(kind, path);
  const line = credential && `${credential.name}:${credential.role}:${credential.hash}`;
  const lines = text.split("\n");
  const at = lines.findIndex((each) => each.trim().startsWith(`${name}:`));
  if (at >= 0) lines.splice(at, 1, ...line === null ? [] : [line]);
  else if (line !== null) lines.splice(lines.at(-1) === "" ? -1 : lines.length, 0, line);
  replaceFile(path, lines.join("\n").replace(/([^\n])$/, "$1\n"));
}

function read(kind: Kind, path: string): { text: string; credentials: Credential[] } {
  let text = "";
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw cannot(`read ${path}`, error);
  }
  try {
    return { text, credentials: parseCredentials(kind, text, path) };
  } catch (error) {
    throw asUsage(error);
  }
}

/**
 * Writes a file whole, so that a server which reads it now sees the old one or the new one. Who could read it
 * still can: a server that no longer could would go on with those that were removed.
 */
function replaceFile(path: string, text: string): void {
  const beside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    Deno.writeTextFileSync(beside, text, { mode: 0o600, createNew: true });
    const [before, now] = [infoOf(path), Deno.statSync(beside)];
    if (before) {
      const { uid, gid, mode } = before;
      if (uid !== now.uid || gid !== now.gid) Deno.chownSync(beside, uid, gid);
      if (mode !== null) Deno.chmodSync(beside, mode & 0o777);
    }
    Deno.renameSync(beside, path);
  } catch (error) {
    try {
      Deno.removeSync(beside);
    } catch {
      // It was not made.
    }
    throw cannot(`write ${path}`, error);
  }
}

function infoOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function cannot(what: string, error: unknown): UsageError {
  if (error instanceof Deno.errors.NotCapable) {
    return new UsageError(
      `taskapp may not ${what}: have it in the working directory, /data or /var/lib/taskapp`,
    );
  }
  const [, path = ""] = what.split(" ");
  if (error instanceof Deno.errors.NotFound) {
    return new UsageError(`cannot ${what}: there is no folder ${dirname(path)}`);
  }
  const reason = error instanceof Error ? error.message.replace(/: \w+ '.*$/s, "") : error;
  return new UsageError(`cannot ${what}: ${reason}`);
}

function asUsage(error: unknown): unknown {
  if (!(error instanceof AccessFileError)) return error;
  const denied = error.cause instanceof Deno.errors.NotCapable;
  return new UsageError(error.message + (denied ? `, only in ${READABLE}` : ""));
}
