/** Options that several commands have, and how their values are read. */

import { InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS, type LogLevelName } from "../lib/log.ts";
import { DEFAULT_DEAD_EXPIRES, DEFAULT_RESULT_EXPIRES } from "../jobs/broker.ts";
import {
  MAX_CONCURRENCY_LIMIT,
  MAX_UNIQUE_SECONDS,
  RATE_RULE,
  type UniqueUntil,
} from "../jobs/flow.ts";
import { MAX_SECONDS } from "../jobs/options.ts";
import { isRedisUrl, parseRedisUrl } from "../jobs/redis/url.ts";
import { isRate, NAME_PATTERN, type Rate, type State, STATES } from "../jobs/wire.ts";
import { Clients } from "../routes/access_client.ts";
import { UsageError } from "./io.ts";

const DEFAULT_BROKER = "redis://127.0.0.1:6379";
const DEFAULT_DEV_BROKER = "sqlite:taskapp.db";
const IN_MEMORY = "sqlite::memory:";

export interface CommonOptions {
  broker: string;
  loglevel: LogLevelName;
  resultExpires: number;
  deadExpires: number;
}

/** Reads a whole number within bounds. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

/** Reads seconds, also fractions. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= MAX_SECONDS)) {
    throw new InvalidArgumentError(`must be seconds from 0 to ${MAX_SECONDS}`);
  }
  return value;
}

/** Reads how long a task is to be unique. */
export function unique(text: string): UniqueUntil {
  if (text === "start" || text === "end") return text;
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0.001 && value <= MAX_UNIQUE_SECONDS)) {
    throw new InvalidArgumentError(
      `must be start, end or seconds from 0.001 to ${MAX_UNIQUE_SECONDS}`,
    );
  }
  return value;
}

export const concurrencyLimit = integer(1, MAX_CONCURRENCY_LIMIT);

/** Reads a rate such as 10/m. */
export function rate(text: string): Rate {
  if (!isRate(text)) throw new InvalidArgumentError(RATE_RULE);
  return text;
}

/** Reads what the given reads, or `none`, which stays a word: commander makes "" of an option's null. */
export function orNone<T>(read: (text: string) => T): (text: string) => T | "none" {
  return (text) => text === "none" ? text : read(text);
}

/** What `orNone` has read, as a broker takes it. */
export function noneAsNull<T>(value: T | "none"): T | null {
  return value === "none" ? null : value;
}

/** Reads an ISO 8601 time. */
export function time(text: string): Date {
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) {
    throw new InvalidArgumentError("must be a time such as 2030-01-31T12:00:00Z");
  }
  return value;
}

const AGO_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads an ISO 8601 time, or how long ago it was, as Unix time in milliseconds. */
export function ago(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const value = count === undefined
    ? Date.parse(text)
    : Date.now() - Number(count) * AGO_MS[unit as keyof typeof AGO_MS];
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError(
      "must be a time such as 2030-01-31T12:00:00Z, or so long ago: 90s, 5m, 2h or 7d",
    );
  }
  return value;
}

/** Reads states separated by commas. */
export function states(text: string): State[] {
  return text.split(",").map((each) => {
    const state = STATES.find((known) => known === each.trim().toUpperCase());
    if (!state) throw new InvalidArgumentError(`must be some of ${STATES.join(", ")}`);
    return state;
  });
}

/** Reads names separated by commas. */
export function names(text: string): string[] {
  const list = text.split(",").map((name) => name.trim());
  const wrong = list.find((name) => !NAME_PATTERN.test(name));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`"${wrong}" is not a name (letters, digits, _ . : -)`);
  }
  return list;
}

/** Reads names of fields separated by commas, each with `*` for any characters. */
export function maskNames(text: string): string[] {
  const list = text.split(",").map((name) => name.trim());
  if (list.some((name) => !/[^*]/.test(name))) {
    throw new InvalidArgumentError("must be names of fields, such as password,*_token");
  }
  return list;
}

/** Reads addresses and ranges of addresses separated by commas. */
export function proxies(text: string): string[] {
  const list = text.split(",").map((proxy) => proxy.trim());
  try {
    new Clients(list);
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
  return list;
}

function loglevel(text: string): LogLevelName {
  const known = Object.keys(LOG_LEVELS) as LogLevelName[];
  const level = known.find((each) => each === text.toLowerCase());
  if (!level) throw new InvalidArgumentError(`must be one of ${known.join(", ")}`);
  return level;
}

/**
 * Reads the URL of a broker that several processes can share.
 * @throws {UsageError} it is none; the text is not repeated, since it may hold a password
 */
export function brokerUrl(text: string): string {
  const url = anyBrokerUrl(text);
  if (url !== IN_MEMORY) return url;
  throw new UsageError(
    `${IN_MEMORY} lives in the memory of one process, where no other finds the tasks: ` +
      "only dev can use it; name a file that all can open, as in sqlite:taskapp.db",
  );
}

function anyBrokerUrl(text: string): string {
  if (isRedisUrl(text)) return redisUrl(text);
  const path = /^sqlite:(.+)$/.exec(text)?.[1];
  if (path === undefined || (path.startsWith(":") && text !== IN_MEMORY)) {
    throw new UsageError(
      `a broker is named by redis://HOST:PORT/DB, rediss://HOST:PORT/DB, ` +
        `redis-sentinel://HOST:PORT,HOST:PORT/DB?master=NAME, sqlite:FILE or ${IN_MEMORY}`,
    );
  }
  // Four slashes are an absolute path to everybody, three a relative one to some.
  if (/^\/{4}/.test(path)) return `sqlite:${path.replace(/^\/+/, "/")}`;
  if (path.startsWith("//")) {
    throw new UsageError(
      "after sqlite: comes a path without further slashes: " +
        "sqlite:taskapp.db in the working directory, or sqlite:/var/lib/taskapp/taskapp.db",
    );
  }
  return text;
}

function redisUrl(text: string): string {
  try {
    parseRedisUrl(text);
    return text;
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** Where the broker is; each command has it. */
export function brokerOption(
  flags = "-b, --broker <url>",
  description = "where tasks are kept: redis://…, rediss://…, redis-sentinel://… or sqlite:FILE",
): Option {
  return new Option(flags, description)
    .env("TASKAPP_BROKER").default(DEFAULT_BROKER).argParser(brokerUrl);
}

/** The same for one process that does everything, so that nothing has to be set up. */
export function devBrokerOption(): Option {
  const option = brokerOption().default(DEFAULT_DEV_BROKER).argParser(anyBrokerUrl);
  option.description += `, or ${IN_MEMORY}`;
  return option;
}

export function loglevelOption(): Option {
  return new Option("-l, --loglevel <level>", "debug, info, warning, error or critical")
    .env("TASKAPP_LOGLEVEL").default("info").argParser(loglevel);
}

export function resultExpiresOption(): Option {
  return new Option("--result-expires <seconds>", "how long ended tasks are kept; 0 keeps none")
    .env("TASKAPP_RESULT_EXPIRES").default(DEFAULT_RESULT_EXPIRES)
    .argParser(integer(0, MAX_SECONDS));
}

export function deadExpiresOption(): Option {
  return new Option(
    "--dead-expires <seconds>",
    "how long tasks that failed for good are kept at least: the last 10,000 of them",
  )
    .env("TASKAPP_DEAD_EXPIRES").default(DEFAULT_DEAD_EXPIRES)
    .argParser(integer(0, MAX_SECONDS));
}

/** A setting that has a variable only, for it is not the command line that reads it. */
export interface VariableOnly {
  variable: string;
  description: string;
  /** The commands in which it counts; none if it does before they start. */
  commands: string[];
}

export const VARIABLES_ONLY: VariableOnly[] = [
  {
    variable: "TASKAPP_DATA_DIR",
    description: "the folder whose files csv_report may read; without it none",
    commands: ["work", "dev"],
  },
  {
    variable: "TASKAPP_WEBHOOK_HOSTS",
    description:
      "what webhook may send to: host or host:port, separated by commas; without it none",
    commands: ["work", "dev"],
  },
  {
    variable: "TASKAPP_CACHE_DIR",
    description: "where a self-extracting executable unpacks itself, read before .env is; " +
      "without it XDG_CACHE_HOME or ~/.cache",
    commands: [],
  },
];
