/** Settings from the environment: variables first, then a `.env` file where there is one. */

import process from "node:process";
import { parseEnv } from "node:util";

/** Names that others use for a setting of ours, in the order in which they count. */
const ALIASES: Record<string, string[]> = {
  TASKAPP_BROKER: ["REDIS_URL", "CELERY_BROKER_URL"],
  TASKAPP_PORT: ["PORT"],
};
/** What makes the broker's URL where none of its names is set. */
const REDIS_PARTS = ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"];
/** For each of these, NAME_FILE may name a file that holds the value. */
const SECRETS = ["TASKAPP_BROKER", "REDIS_URL", "CELERY_BROKER_URL", "REDIS_PASSWORD"];
const ON = /^(1|true|yes|on)$/i;
const OFF = /^(0|false|no|off)$/i;
/** Kubernetes sets NAME_PORT to this for a service of that name; it is nobody's choice of a port. */
const SERVICE_LINK = /^tcp:\/\//;

/** Where the value of each TASKAPP variable comes from, in words. */
export type Origins = Map<string, string>;

/** The environment contradicts itself, or names what cannot be read or understood. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}

interface Found {
  value: string;
  origin: string;
}

/**
 * Completes `process.env`, where the command line looks for settings without a flag.
 * @param settings the TASKAPP variables that count; what others name is not read
 * @param switches those of them that are on or off
 * @returns where the values of TASKAPP variables come from
 * @throws {EnvironmentError} a secret is given twice, a file cannot be read or is no text, or a switch
 *   is neither on nor off
 */
export function loadEnvironment(
  settings: string[],
  switches: string[],
  file = ".env",
): Origins {
  const env = process.env;
  const origins: Origins = new Map();
  const given = Object.keys(env).filter((name) => env[name]);
  for (const [name, value] of Object.entries(readEnvFile(file))) {
    if (!value || given.includes(name) || given.includes(otherForm(name))) continue;
    env[name] = value;
    origins.set(name, `${name} in ${file}`);
  }
  const look = (name: string): Found | undefined => {
    const value = env[name], path = SECRETS.includes(name) ? env[`${name}_FILE`] : undefined;
    if (path) {
      if (value) throw new EnvironmentError(`${name} and ${name}_FILE are both set: unset one`);
      return { value: readSecret(`${name}_FILE`, path), origin: `file ${path} (${name}_FILE)` };
    }
    if (!value || (name.endsWith("_PORT") && SERVICE_LINK.test(value))) return undefined;
    return { value, origin: origins.get(name) ?? `variable ${name}` };
  };
  for (const name of settings) {
    const found = firstOf([name, ...ALIASES[name] ?? []], look) ??
      (name === "TASKAPP_BROKER" ? redisUrl(look) : undefined);
    if (found) origins.set(name, found.origin);
    else origins.delete(name);
    // Empty is not set: that is how Compose passes a variable that nobody has set.
    if (!found || (switches.includes(name) && !isOn(found))) delete env[name];
    else env[name] = found.value;
  }
  return origins;
}

/** The names of the variables that can give a setting, its own first. */
export function variablesOf(setting: string): string[] {
  const parts = setting === "TASKAPP_BROKER" ? REDIS_PARTS : [];
  return [setting, ...ALIASES[setting] ?? [], ...parts]
    .flatMap((name) => SECRETS.includes(name) ? [name, `${name}_FILE`] : [name]);
}

function isOn({ value, origin }: Found): boolean {
  if (ON.test(value)) return true;
  if (OFF.test(value)) return false;
  throw new EnvironmentError(
    `${origin} must be one of 1, true, yes and on, or of 0, false, no and off`,
  );
}

function firstOf(names: string[], look: (name: string) => Found | undefined): Found | undefined {
  for (const name of names) {
    const found = look(name);
    if (found) return found;
  }
  return undefined;
}

function redisUrl(look: (name: string) => Found | undefined): Found | undefined {
  const [host, port, password] = REDIS_PARTS.map(look);
  const origin = [host, port, password].flatMap((part) => part?.origin ?? []).join(", ");
  if (!origin) return undefined;
  const login = password ? `:${encodeURIComponent(password.value)}@` : "";
  return {
    value: `redis://${login}${host?.value ?? "127.0.0.1"}:${port?.value ?? 6379}`,
    origin,
  };
}

/** What else would give the same secret: where a variable does, the `.env` file's form is passed over. */
function otherForm(name: string): string {
  const plain = name.replace(/_FILE$/, "");
  if (!SECRETS.includes(plain)) return name;
  return plain === name ? `${name}_FILE` : plain;
}

function readEnvFile(file: string): Record<string, string> {
  return isAbsent(file) ? {} : parseEnv(readText(file, file)) as Record<string, string>;
}

/** Whether there is none for this user, who may be one that may not look into the directory. */
function isAbsent(file: string): boolean {
  try {
    Deno.lstatSync(file);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied;
  }
}

function readSecret(variable: string, path: string): string {
  const what = `${variable} names ${path}, which`;
  const value = readText(path, what).replace(/[\r\n]+$/, "");
  if (!value) throw new EnvironmentError(`${what} is empty`);
  if (/\p{Cc}/u.test(value)) throw new EnvironmentError(`${what} is not one line of text`);
  return value;
}

/**
 * Reads a file, without the byte order mark that some editors put first.
 * @param what how an error names the file; what it holds is never repeated
 */
function readText(path: string, what: string): string {
  let bytes;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw unreadable(what, error);
  }
  const text = decode(bytes);
  if (text === null) throw new EnvironmentError(`${what} is not text in UTF-8`);
  return text;
}

/** @returns null for what is no text; UTF-16 is known by its NULs, which no variable can hold */
function decode(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

function unreadable(what: string, cause: unknown): EnvironmentError {
  const denied = cause instanceof Deno.errors.NotCapable;
  const message = denied
    ? "taskapp may not read there"
    : `${cause instanceof Error ? cause.message : cause}`.replace(/: readfile '.*$/s, "");
  return new EnvironmentError(`${what} cannot be read: ${message}`, { cause });
}
