/** Logging: text for a person on a terminal, one JSON object a line for a machine. */

import {
  configureSync,
  getAnsiColorFormatter,
  type LogLevel,
  type LogRecord,
} from "@logtape/logtape";

/** Celery's names, on the logger's own. */
export const LOG_LEVELS = {
  debug: "debug",
  info: "info",
  warning: "warning",
  error: "error",
  critical: "fatal",
} as const satisfies Record<string, LogLevel>;

export type LogLevelName = keyof typeof LOG_LEVELS;

/** Sends all logs of this program to standard error. Call it once, before anything logs. */
export function configureLog(level: LogLevelName): void {
  const format = Deno.stderr.isTerminal()
    ? getAnsiColorFormatter({ timestamp: "time", value: "bare" })
    : jsonLine;
  const encoder = new TextEncoder();
  configureSync({
    reset: true,
    sinks: { stderr: (record: LogRecord) => writeAll(encoder.encode(format(record))) },
    loggers: [
      { category: "taskapp", lowestLevel: LOG_LEVELS[level], sinks: ["stderr"] },
      // What somebody asked for is said at any level.
      {
        category: ["taskapp", "status"],
        lowestLevel: "info",
        sinks: ["stderr"],
        parentSinks: "override",
      },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

/** The message as a person would read it, and its values as fields of their own. */
function jsonLine({ timestamp, level, category, message, properties }: LogRecord): string {
  const record = {
    time: new Date(timestamp).toISOString(),
    level,
    logger: category.join("."),
    message: message.map(String).join(""),
    ...properties,
  };
  const stack = (_: string, value: unknown) => value instanceof Error ? value.stack : value;
  return JSON.stringify(record, stack) + "\n";
}

function writeAll(bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += Deno.stderr.writeSync(bytes.subarray(written));
  }
}
