/** Users and tokens in files: `name:role:hash` a line, read again when they change. */

import { getLogger } from "@logtape/logtape";
import { isPasswordHash, isTokenHash } from "./access_secrets.ts";
import { type Role, ROLES } from "./wire.ts";

/** A file may hold no more lines. */
const MAX_LINES = 10_000;

/** What a user or a token may be called. */
export const ACCESS_NAME = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;
export const ACCESS_NAME_RULE =
  "must have from 1 to 64 letters, digits, _ . @ and -, and begin with a letter or a digit";

/** What kind of names a file holds. */
export type Kind = "user" | "token";

/** One line of a file. */
export interface Credential {
  name: string;
  role: Role;
  hash: string;
}

/** A file is not written as it must be, or cannot be read. */
export class AccessFileError extends Error {
  override name = "AccessFileError";
}

const HASHES = {
  user: { isHash: isPasswordHash, example: "alice:admin:$scrypt$…" },
  token: {
    isHash: isTokenHash,
    example: "prometheus:viewer: and the token's SHA-256 in hexadecimal",
  },
};

/** Whether a word is a role. */
export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

/**
 * Reads the text of a file.
 * @param file how errors name it; hashes are not repeated
 * @throws {AccessFileError} with the number of the line that is wrong
 */
export function parseCredentials(kind: Kind, text: string, file: string): Credential[] {
  const found = new Map<string, Credential>();
  const lines = text.split("\n");
  if (lines.length > MAX_LINES) {
    throw new AccessFileError(`${file} has more than ${MAX_LINES} lines`);
  }
  for (const [i, whole] of lines.entries()) {
    const line = whole.trim();
    if (line === "" || line.startsWith("#")) continue;
    const wrong = (what: string) => new AccessFileError(`${file}, line ${i + 1}: ${what}`);
    const [name = "", role = "", hash = "", ...more] = line.split(":");
    const { isHash, example } = HASHES[kind];
    if (hash === "" || more.length > 0) throw wrong(`must be name:role:hash, as in ${example}`);
    if (!ACCESS_NAME.test(name)) throw wrong(`a name ${ACCESS_NAME_RULE}`);
    if (!isRole(role)) throw wrong(`the role of ${name} must be one of ${ROLES.join(", ")}`);
    if (!isHash(hash)) {
      throw wrong(`what follows ${name}:${role}: is no hash; taskapp ${kind} add makes one`);
    }
    if (found.has(name)) throw wrong(`${name} is there twice: remove one of the lines`);
    found.set(name, { name, role, hash });
  }
  return [...found.values()];
}

/** A file with users or tokens, as it was when it was last read well. */
export class CredentialFile {
  #credentials: Credential[];
  /** When and what was read, or failed to be. */
  #version: string;

  /** @throws {AccessFileError} it cannot be read, or is not written right */
  constructor(readonly kind: Kind, readonly path: string) {
    this.#version = versionOf(path);
    this.#credentials = parseCredentials(kind, readText(path), path);
  }

  get credentials(): Credential[] {
    return this.#credentials;
  }

  /** Reads it again if it has changed. What cannot be read is logged, and what was read before counts. */
  refresh(): boolean {
    const version = versionOf(this.path);
    if (version === this.#version) return false;
    this.#version = version;
    try {
      this.#credentials = parseCredentials(this.kind, readText(this.path), this.path);
      return true;
    } catch (error) {
      if (!(error instanceof AccessFileError)) throw error;
      getLogger(["taskapp", "access"]).error(`${error.message}; what it said before still counts`);
      return false;
    }
  }
}

/** @throws {AccessFileError} */
function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const denied = error instanceof Deno.errors.NotCapable;
    const reason = denied ? "taskapp may not read there" : messageOf(error);
    throw new AccessFileError(`${path} cannot be read: ${reason}`, { cause: error });
  }
}

function versionOf(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch (error) {
    return `${error}`;
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : `${error}`).replace(
    /: (readfile|open) '.*$/s,
    "",
  );
}
