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
/** Words that turn a switch off; any other turns it on. */
const OFF = /^(0|false|no|off)$/i;
/** Kubernetes sets NAME_PORT to this for a service of that name; it is nobody's choice of a port. */
const SERVICE_LINK = /^tcp:\/\//;

/** Where the value of each TASKAPP variable comes from, in words. */
export type Origins = Map<string, string>;

/** The environment contradicts itself, or names what cannot be read. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}

interface Found {
  value: string;
  origin: string;
}

/**
 * Completes `process.env`, where the command line looks for settings without a flag.
 * @param switches the variables that are on or off
 * @returns where the values of TASKAPP variables come from
 * @throws {EnvironmentError} a secret is given twice, or a file cannot be read
 */
export function loadEnvironment(switches: string[], file = ".env"): Origins {
  const env = process.env;
  const origins: Origins = new Map();
  const given = Object.keys(env).filter((name) => env[name]);
  for (const [name, value] of Object.entries(readEnvFile(file))) {
    if (given.includes(name) || given.includes(otherForm(name))) continue;
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
  const ours = Object.keys(env).filter((name) => name.startsWith("TASKAPP_"));
  for (const name of new Set([...ours, ...Object.keys(ALIASES)])) {
    const found = firstOf([name, ...ALIASES[name] ?? []], look) ??
      (name === "TASKAPP_BROKER" ? redisUrl(look) : undefined);
    if (found) origins.set(name, found.origin);
    // Empty is not set: that is how Compose passes a variable that nobody has set.
    if (!found || (switches.includes(name) && OFF.test(found.value))) delete env[name];
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
  try {
    return parseEnv(Deno.readTextFileSync(file)) as Record<string, string>;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw unreadable(file, error);
  }
}

function readSecret(variable: string, path: string): string {
  let text;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw unreadable(`${variable} names ${path}, which`, error);
  }
  const value = text.replace(/[\r\n]+$/, "");
  if (!value) throw new EnvironmentError(`${variable} names ${path}, which is empty`);
  return value;
}

function unreadable(what: string, cause: unknown): EnvironmentError {
  const denied = cause instanceof Deno.errors.NotCapable;
  const message = denied
    ? "taskapp may not read there"
    : `${cause instanceof Error ? cause.message : cause}`.replace(/: readfile '.*$/s, "");
  return new EnvironmentError(`${what} cannot be read: ${message}`, { cause });
}
