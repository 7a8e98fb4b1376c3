/** When schedules come due, against a clock that is looked at minute by minute. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  checkCron,
  checkTimezone,
  lastDue,
  nextDue,
  nextTimes,
  type Timing,
} from "../jobs/schedule_times.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function cron(cron: string, timezone = "UTC", more: Partial<Timing> = {}): Timing {
  return { cron, timezone, every: null, anchor: 0, start: null, end: null, ...more };
}

function every(seconds: number, more: Partial<Timing> = {}): Timing {
  return { ...cron(""), cron: null, every: seconds, ...more };
}

/** The next times as the zone's clock shows them. */
function shown(timing: Timing, after: string, count: number): string[] {
  return nextTimes(timing, Date.parse(after), count).map((ms) =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timing.timezone)
      .toString({ timeZoneName: "never", smallestUnit: "minute" })
  );
}

function times(timing: Timing, after: string, count: number): string[] {
  return nextTimes(timing, Date.parse(after), count).map((ms) => new Date(ms).toISOString());
}

/** Days on which clocks are put forward or back, by zone; Kathmandu, at +05:45, has none. */
const CHANGES: Record<string, string[]> = {
  "Europe/Berlin": ["2026-03-29", "2026-10-25"],
  "America/New_York": ["2026-03-08", "2026-11-01"],
  "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"], // by half an hour
  "Asia/Kathmandu": ["2026-03-29"],
  "Africa/Cairo": ["2026-04-24", "2026-10-30"], // at midnight
  "America/Scoresbysund": ["2026-03-29", "2026-10-25"], // the day before, too
  "Antarctica/Troll": ["2026-03-29", "2026-10-25"], // by two hours
  "Africa/Casablanca": ["2026-02-15", "2026-03-22"], // for a month
};

const FIELDS: [min: number, max: number][] = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 6]];

function valuesOf(text: string, [min, max]: [number, number]): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step = "1"] = part.split("/");
    const [from = min, to = from] = range === "*" ? [min, max] : range.split("-").map(Number);
    for (let value = from; value <= to; value += Number(step)) values.add(value);
  }
  return values;
}

interface Minute {
  ms: number;
  clock: Temporal.PlainDateTime;
  /** Whether the clock shows this for the first time. */
  isFirst: boolean;
  /** What the clock has just left out. */
  skipped: Temporal.PlainDateTime[];
}

/** Every minute from `from` to before `to`, as a zone's clock shows it. */
function minutes(timezone: string, from: number, to: number): Minute[] {
  const list: Minute[] = [];
  let offset = Temporal.Instant.fromEpochMilliseconds(from - 1).toZonedDateTimeISO(timezone)
    .offsetNanoseconds;
  for (let ms = from; ms < to; ms += MINUTE) {
    const at = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone);
    const clock = at.toPlainDateTime();
    const first = clock.toZonedDateTime(timezone, { disambiguation: "earlier" });
    const length = Math.max(0, (at.offsetNanoseconds - offset) / 6e10);
    const skipped = Array.from({ length }, (_, i) => clock.subtract({ minutes: i + 1 }));
    list.push({ ms, clock, isFirst: first.epochMilliseconds === ms, skipped });
    offset = at.offsetNanoseconds;
  }
  return list;
}

/** The rule, word by word: which of these minutes are times of the expression. */
function timesAmong(list: Minute[], expression: string): number[] {
  const fields = expression.split(" ");
  const values = FIELDS.map((bounds, i) => valuesOf(fields[i] ?? "", bounds));
  const isFixed = !fields.slice(0, 2).some((field) => field.startsWith("*"));
  const isAnyDay = fields[2] === "*" || fields[4] === "*";
  const matches = (at: Temporal.PlainDateTime) => {
    const [minute, hour, day, month, weekday] = [
      at.minute,
      at.hour,
      at.day,
      at.month,
      at.dayOfWeek % 7,
    ].map((value, i) => values[i]?.has(value));
    return minute && hour && month && (isAnyDay ? day && weekday : day || weekday);
  };
  return list.filter(({ clock, isFirst, skipped }) =>
    isFixed ? (isFirst && matches(clock)) || skipped.some(matches) : matches(clock)
  ).map(({ ms }) => ms);
}

Deno.test("a fixed time that is left out in spring comes due once, right after", () => {
  const berlin = cron("30 2 * * *", "Europe/Berlin");
  assertEquals(shown(berlin, "2026-03-28T00:00:00Z", 3), [
    "2026-03-28T02:30+01:00",
    "2026-03-29T03:00+02:00",
    "2026-03-30T02:30+02:00",
  ]);
  // Several in the gap are one.
  const several = cron("0,15,30 2,3 * * *", "America/New_York");
  assertEquals(shown(several, "2026-03-08T05:00:00Z", 3), [
    "2026-03-08T03:00-04:00",
    "2026-03-08T03:15-04:00",
    "2026-03-08T03:30-04:00",
  ]);
  const halfHour = cron("15 2 * * *", "Australia/Lord_Howe");
  assertEquals(shown(halfHour, "2026-10-03T00:00:00Z", 2), [
    "2026-10-04T02:30+11:00",
    "2026-10-05T02:15+11:00",
  ]);
});

Deno.test("a fixed time that comes twice in autumn comes due once, the first time", () => {
  const berlin = cron("0,30 2 * * *", "Europe/Berlin");
  assertEquals(shown(berlin, "2026-10-24T22:00:00Z", 3), [
    "2026-10-25T02:00+02:00",
    "2026-10-25T02:30+02:00",
    "2026-10-26T02:00+01:00",
  ]);
  const halfHour = cron("45 1 * * *", "Australia/Lord_Howe");
  assertEquals(shown(halfHour, "2026-04-04T00:00:00Z", 2), [
    "2026-04-05T01:45+11:00",
    "2026-04-06T01:45+10:30",
  ]);
});

Deno.test("a wildcard in minute or hour follows the clock through both", () => {
  const quarters = cron("*/30 * * * *", "Europe/Berlin");
  assertEquals(shown(quarters, "2026-03-29T00:30:00Z", 2), [
    "2026-03-29T03:00+02:00",
    "2026-03-29T03:30+02:00",
  ]);
  assertEquals(shown(quarters, "2026-10-25T00:00:00Z", 4), [
    "2026-10-25T02:30+02:00",
    "2026-10-25T02:00+01:00",
    "2026-10-25T02:30+01:00",
    "2026-10-25T03:00+01:00",
  ]);
  const oneHour = cron("*/30 2 * * *", "America/New_York");
  assertEquals(shown(oneHour, "2026-03-08T05:00:00Z", 1), ["2026-03-09T02:00-04:00"]);
});

Deno.test("in every zone and around every change, the times are those of the rule", () => {
  const crons = ["30 2 * * *", "0 2 * * *", "0 3 * * *", "0,30 2 * * *", "15 1,2,3 * * *"];
  crons.push("45 1 * * *", "0 0 * * *", "15 0 * * *", "30 23 * * *", "30 0-3 * * *");
  crons.push("*/5 * * * *", "*/15 2 * * *", "30 * * * *", "30 */2 * * *", "7-59/10 1-2 * * *");
  crons.push("0 0 1 * *", "30 2 29 3 *", "30 2 * * 0", "10 2-3 8 3 0", "*/7 0,1,2 25 10 0");
  let compared = 0;
  for (const [timezone, days] of Object.entries(CHANGES)) {
    for (const day of days) {
      const from = Date.parse(day) - 36 * HOUR;
      const to = from + 4 * DAY;
      const list = minutes(timezone, from, to);
      for (const expression of crons) {
        const timing = cron(expression, timezone, { end: to - 1 });
        const expected = timesAmong(list, expression);
        const where = `${expression} in ${timezone} around ${day}`;
        assertEquals(nextTimes(timing, from - 1, 10_000), expected, where);
        compared += expected.length;
      }
    }
  }
  assert(compared > 5000, `${compared} times were compared`);
});

Deno.test("any list, range and step at any time of the year gives the times of the rule", () => {
  const value = (i: number) => fc.integer({ min: FIELDS[i]?.[0] ?? 0, max: FIELDS[i]?.[1] ?? 0 });
  const field = (i: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant("*") },
      { weight: 2, arbitrary: value(i).map(String) },
      fc.uniqueArray(value(i), { minLength: 2, maxLength: 4 }).map((list) => list.join(",")),
      fc.tuple(value(i), value(i)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 2, max: FIELDS[i]?.[1] ?? 2 }).map((step) => `*/${step}`),
    );
  const changes = Object.entries(CHANGES).flatMap(([timezone, days]) =>
    days.map((day) => [timezone, day] as const)
  );
  fc.assert(
    fc.property(
      fc.tuple(field(0), field(1), field(2), field(3), field(4)),
      fc.constantFrom(...changes),
      (fields, [timezone, day]) => {
        const expression = fields.join(" ");
        const from = Date.parse(day) - 4 * HOUR;
        const to = from + 20 * HOUR;
        const expected = timesAmong(minutes(timezone, from, to), expression);
        const timing = cron(expression, timezone, { end: to - 1 });
        assertEquals(nextTimes(timing, from - 1, 10_000), expected);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("month ends, leap days and days that are rare", () => {
  assertEquals(times(cron("0 0 31 * *"), "2026-01-31T00:00:00Z", 3), [
    "2026-03-31T00:00:00.000Z",
    "2026-05-31T00:00:00.000Z",
    "2026-07-31T00:00:00.000Z",
  ]);
  assertEquals(times(cron("0 0 29 2 *"), "2096-02-29T00:00:00Z", 2), [
    "2104-02-29T00:00:00.000Z",
    "2108-02-29T00:00:00.000Z",
  ]);
  assertEquals(times(cron("0 12 L 2 *"), "2026-01-01T00:00:00Z", 3), [
    "2026-02-28T12:00:00.000Z",
    "2027-02-28T12:00:00.000Z",
    "2028-02-29T12:00:00.000Z",
  ]);
  // Day of month or day of week, where both are given.
  assertEquals(times(cron("0 0 13 * 5"), "2026-11-01T00:00:00Z", 2), [
    "2026-11-06T00:00:00.000Z",
    "2026-11-13T00:00:00.000Z",
  ]);
  assertEquals(times(cron("*/20 0 0 * * 7"), "2026-11-21T00:00:00Z", 2), [
    "2026-11-22T00:00:00.000Z",
    "2026-11-22T00:00:20.000Z",
  ]);
  assertEquals(shown(cron("15 6 * * *", "Asia/Kathmandu"), "2026-11-21T00:00:00Z", 1), [
    "2026-11-21T06:15+05:45",
  ]);
});

Deno.test("every counts from its anchor; start and end belong to the times", () => {
  const anchor = 1_000_000_000_123;
  assertEquals(nextTimes(every(90, { anchor }), anchor, 2), [anchor + 90_000, anchor + 180_000]);
  assertEquals(nextDue(every(90, { anchor }), anchor + 90_000 * 1e6 + 1), anchor + 90_000_090_000);
  const start = anchor + 500;
  assertEquals(nextDue(every(90, { anchor: start, start }), anchor), start);
  const timing = cron("0 * * * *", "UTC", { start: HOUR, end: 3 * HOUR });
  assertEquals(nextTimes(timing, 0, 10), [HOUR, 2 * HOUR, 3 * HOUR]);
  assertEquals(nextDue(cron("0 0 1 1 *"), Date.UTC(2999, 5)), null);
});

Deno.test("the last time is found among very many", () => {
  const until = Date.UTC(2026, 10, 21, 12, 0, 0, 5);
  assertEquals(lastDue(every(1), 1000, until), until - 5);
  assertEquals(lastDue(cron("0 0 1 1 *"), Date.UTC(1990, 0), until), Date.UTC(2026, 0));
  assertEquals(lastDue(cron("0 0 1 1 *"), Date.UTC(2026, 0), until), Date.UTC(2026, 0));
  assertEquals(lastDue(cron("* * * * * *"), 0, until), until - 5);
  assertEquals(lastDue(cron("0 * * * *"), 0, 0), 0);
});

Deno.test("what is no cron expression or no zone is said in words", () => {
  const wrong: [string, string][] = [
    ["* * * *", "must have five fields"],
    ["* * * * * * *", "must have five fields"],
    ["@daily", "must have five fields"],
    ["", "must have five fields"],
    ["60 * * * *", "is not a cron expression: minute must be from 0 to 59"],
    ["60 * * * * *", "second must be from 0 to 59"],
    ["0 24 * * *", "hour must be from 0 to 23"],
    ["0 0 0 * *", "day of month must be from 1 to 31"],
    ["0 0 * 13 *", "month must be from 1 to 12"],
    ["0 0 * * 8", "day of week must be from 0 to 7"],
    ["a b c d e", "is not a cron expression"],
    ["*/0 * * * *", "is not a cron expression"],
    ["0 0 31 2 *", "never comes due"],
    ["0 0 31 4,6,9,11 *", "never comes due"],
  ];
  for (const [text, reason] of wrong) assertThrows(() => checkCron(text), RangeError, reason);
  for (const text of ["0 0 29 2 *", "0 9 * * MON-FRI", " 5  4 * * * ", "*/10 * * * * *"]) {
    checkCron(text);
  }
  assertEquals(checkTimezone("europe/berlin"), "Europe/Berlin");
  for (const text of ["Mars/Olympus", "+01:00", "", "Europe/Berlin "]) {
    assertThrows(() => checkTimezone(text), RangeError, "is not an IANA time zone");
  }
});
