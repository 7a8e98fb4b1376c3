/** Settings from the environment: variables first, then a `.env` file where there is one. */

import process from "node:process";
import { parseEnv } from "node:util";

/** Names that others use for a setting of ours. The first that is set counts. */
const ALIASES: [ours: string, theirs: string[]][] = [
  ["TASKAPP_BROKER", ["REDIS_URL", "CELERY_BROKER_URL"]],
  ["TASKAPP_PORT", ["PORT"]],
];

/** Switches: set is on, unless to a word for off. */
const SWITCHES = ["TASKAPP_NO_AUTH", "TASKAPP_TUTORIAL_ROUTES"];
const OFF = /^(0|false|no|off)$/i;

/**
 * Completes `process.env`, where the command line looks for settings without a flag.
 * @throws {TypeError} there is a file, and it cannot be read
 */
export function loadEnvironment(file = ".env"): void {
  for (const [name, value] of Object.entries(readEnvFile(file))) process.env[name] ||= value;
  for (const [name, value = ""] of Object.entries(process.env)) {
    // Empty is not set: that is how Compose passes a variable that nobody has set.
    const off = value === "" || (SWITCHES.includes(name) && OFF.test(value));
    if (name.startsWith("TASKAPP_") && off) delete process.env[name];
  }
  for (const [ours, theirs] of ALIASES) {
    const known = theirs.find((name) => process.env[name]);
    if (!process.env[ours] && known) process.env[ours] = process.env[known];
  }
  const { REDIS_HOST: host, REDIS_PORT: port } = process.env;
  if (!process.env["TASKAPP_BROKER"] && (host || port)) {
    process.env["TASKAPP_BROKER"] = `redis://${host || "127.0.0.1"}:${port || "6379"}`;
  }
}

function readEnvFile(file: string): Record<string, string> {
  try {
    return parseEnv(Deno.readTextFileSync(file)) as Record<string, string>;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw new TypeError(
      `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}
