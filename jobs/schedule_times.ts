/**
 * When a schedule comes due: from one time to the next, without a look at any clock. docs/schedules.md
 * says what happens when clocks are put forward or back; it is what Vixie's cron does.
 */

import { Cron } from "croner";
import { MAX_TIME_MS } from "./options.ts";

/** What decides on the times. All times are Unix milliseconds. */
export interface Timing {
  /** Five fields, or six with seconds in front; null where `every` counts. */
  cron: string | null;
  /** IANA name of the zone whose clock `cron` follows. */
  timezone: string;
  /** Seconds between two times; null where `cron` counts. */
  every: number | null;
  /** What `every` counts from: a time plus a whole number of intervals. */
  anchor: number;
  /** No time before this one. */
  start: number | null;
  /** No time after this one. */
  end: number | null;
}

/** Answers the first time after the given one, or null if there is none. */
export function nextDue(timing: Timing, after: number): number | null {
  const { start, end } = timing;
  const from = start === null ? after : Math.max(after, start - 1);
  const due = timing.cron === null
    ? nextInterval(timing.anchor, timing.every ?? 1, from)
    : nextCron(timing.cron, timing.timezone, from);
  return due === null || due > Math.min(end ?? Infinity, MAX_TIME_MS) ? null : due;
}

/** Answers up to `count` times after the given one. */
export function nextTimes(timing: Timing, after: number, count: number): number[] {
  const times: number[] = [];
  for (let due = nextDue(timing, after); due !== null; due = nextDue(timing, due)) {
    times.push(due);
    if (times.length === count) break;
  }
  return times;
}

/**
 * Answers the last time up to and including the given one.
 * @param first a time of the schedule that is not after `until`
 */
export function lastDue(timing: Timing, first: number, until: number): number {
  let last = nextDue(timing, first) ?? Infinity;
  if (last > until) return first;
  let [low, high] = [last, until];
  // Whether another time comes between `low` and `until` is true up to the one sought.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const next = nextDue(timing, middle);
    if (next !== null && next <= until) low = last = next;
    else high = middle;
  }
  return last;
}

/**
 * Reads a cron expression.
 * @throws {RangeError} it is none, in words for its author
 */
export function checkCron(cron: string): void {
  if (cron.length > MAX_CRON_LENGTH || ![5, 6].includes(cron.trim().split(/\s+/).length)) {
    throw new RangeError(
      "must have five fields (minute, hour, day of month, month, day of week), " +
        "or six with seconds in front",
    );
  }
  try {
    parse(cron);
  } catch (error) {
    throw new RangeError(`is not a cron expression: ${reasonOf(error)}`);
  }
  if (parse(cron).nextRun(new Date(0)) === null) {
    throw new RangeError("never comes due: no month has that day");
  }
}

/**
 * Answers the proper spelling of a time zone's name.
 * @throws {RangeError} there is no such zone
 */
export function checkTimezone(name: string): string {
  try {
    if (/^[A-Za-z]/.test(name)) return zoned(0, name).timeZoneId;
  } catch {
    // Said below.
  }
  throw new RangeError(`"${name}" is not an IANA time zone such as Europe/Berlin or UTC`);
}

const MAX_CRON_LENGTH = 200;

/** By the parser's names, which counts some of them from 0 in its messages. */
const BOUNDS: Record<string, string> = {
  second: "second must be from 0 to 59",
  minute: "minute must be from 0 to 59",
  hour: "hour must be from 0 to 23",
  day: "day of month must be from 1 to 31",
  month: "month must be from 1 to 12",
  dayOfWeek: "day of week must be from 0 to 7, both of which are Sunday",
};

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, field = ""] = /Invalid value for (\w+)/.exec(message) ?? [];
  return BOUNDS[field] ?? message.replace(/^CronPattern: /, "");
}

function nextInterval(anchor: number, every: number, after: number): number {
  const step = every * 1000;
  return anchor + Math.max(0, Math.floor((after - anchor) / step) + 1) * step;
}

function nextCron(cron: string, timezone: string, after: number): number | null {
  // On a clock without changes, which the zone's own clock is then compared with.
  const pattern = parse(cron);
  return isFixed(cron)
    ? nextFixed(pattern, timezone, after)
    : nextByClock(pattern, timezone, after);
}

/** A fixed time is one that no wildcard in minute or hour brings up again and again. */
function isFixed(cron: string): boolean {
  const fields = cron.trim().split(/\s+/);
  return !fields.slice(0, fields.length - 3).some((field) => /^[*?]/.test(field));
}

/** Each time of the clock once: where it comes twice the first, where it is left out right after. */
function nextFixed(pattern: Cron, timezone: string, after: number): number | null {
  let local = after + offsetAt(after, timezone);
  while (true) {
    const match = pattern.nextRun(new Date(local))?.getTime();
    if (match === undefined) return null;
    const due = firstInstant(match, timezone);
    if (due > after) return due;
    local = match; // the second time round
  }
}

/** Whenever the clock shows it. */
function nextByClock(pattern: Cron, timezone: string, after: number): number | null {
  let from = after;
  let excluding = 0;
  while (true) {
    const at = zoned(from, timezone);
    const offset = at.offsetNanoseconds / 1e6;
    const match = pattern.nextRun(new Date(from + offset - excluding))?.getTime();
    if (match === undefined) return null;
    const change = at.getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
    if (match - offset < change) return match - offset;
    [from, excluding] = [change, 1];
  }
}

/** The first instant at which a zone's clock shows a time, or at which it is put beyond it. */
function firstInstant(local: number, timezone: string): number {
  const shown = Temporal.Instant.fromEpochMilliseconds(local).toZonedDateTimeISO("UTC")
    .toPlainDateTime();
  const first = shown.toZonedDateTime(timezone, { disambiguation: "earlier" });
  if (first.toPlainDateTime().equals(shown)) return first.epochMilliseconds;
  return first.getTimeZoneTransition("next")?.epochMilliseconds ?? first.epochMilliseconds;
}

function offsetAt(ms: number, timezone: string): number {
  return zoned(ms, timezone).offsetNanoseconds / 1e6;
}

function zoned(ms: number, timezone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(ms)).toZonedDateTimeISO(timezone);
}

function parse(cron: string): Cron {
  return new Cron(cron, { utcOffset: 0, paused: true });
}
