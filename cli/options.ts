/** Options that several commands have, and how their values are read. */

import { InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS, type LogLevelName } from "../lib/log.ts";
import { DEFAULT_RESULT_EXPIRES } from "../jobs/connect.ts";
import { MAX_SECONDS } from "../jobs/task.ts";
import { NAME_PATTERN } from "../jobs/wire.ts";

const DEFAULT_BROKER = "redis://127.0.0.1:6379";

export interface CommonOptions {
  broker: string;
  loglevel: LogLevelName;
  resultExpires: number;
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

/** Reads an ISO 8601 time. */
export function time(text: string): Date {
  const value = new Date(text);
  if (Number.isNaN(value.getTime())) {
    throw new InvalidArgumentError("must be a time such as 2030-01-31T12:00:00Z");
  }
  return value;
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

function loglevel(text: string): LogLevelName {
  const known = Object.keys(LOG_LEVELS) as LogLevelName[];
  const level = known.find((each) => each === text.toLowerCase());
  if (!level) throw new InvalidArgumentError(`must be one of ${known.join(", ")}`);
  return level;
}

/** Reads the URL of a broker. */
export function brokerUrl(text: string): string {
  if (!/^rediss?:\/\/\S+$/.test(text) || !/^\/?\d*$/.test(URL.parse(text)?.pathname ?? "no URL")) {
    throw new InvalidArgumentError(
      "must be a redis:// or rediss:// URL such as redis://host:6379/0",
    );
  }
  return text;
}

/** Where the broker is; each command has it. */
export function brokerOption(): Option {
  return new Option("-b, --broker <url>", "where the tasks are kept")
    .env("TASKAPP_BROKER").default(DEFAULT_BROKER).argParser(brokerUrl);
}

export function loglevelOption(): Option {
  return new Option("-l, --loglevel <level>", "debug, info, warning, error or critical")
    .env("TASKAPP_LOGLEVEL").default("info").argParser(loglevel);
}

export function resultExpiresOption(): Option {
  return new Option("--result-expires <seconds>", "how long ended tasks are kept; 0 keeps nothing")
    .env("TASKAPP_RESULT_EXPIRES").default(DEFAULT_RESULT_EXPIRES)
    .argParser(integer(0, MAX_SECONDS));
}
