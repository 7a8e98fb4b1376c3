/** When a schedule is due, in plain words. Pure. */

import { wholeSeconds } from "./format.ts";

/** "Every 5 minutes", "At 02:30, Monday to Friday". A cron expression that is none is said as it stands. */
export function dueWords({ cron, every }: { cron: string | null; every: number | null }): string {
  if (cron !== null) return cronWords(cron) ?? cron;
  return every === null ? "Never" : everyWords(every);
}

const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]] as const;

/** @param seconds whole, from 1 */
export function everyWords(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["second", 1];
  return seconds % length === 0
    ? capital(everyNth(seconds / length, unit))
    : `Every ${wholeSeconds(seconds * 1000)}`;
}

/** Words for a cron expression of five fields, or six with seconds in front; null for what is none. */
export function cronWords(cron: string): string | null {
  const fields = cron.trim().split(/\s+/);
  if (fields.length === 5) fields.unshift("0");
  if (fields.length !== 6) return null;
  const [second = "", minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const time = {
    second: read(second, 0, 59),
    minute: read(minute, 0, 59),
    hour: read(hour, 0, 23),
  };
  const { second: s, minute: m, hour: h } = time;
  const days = dayWords(day, weekday);
  const months = monthWords(month);
  if (s === null || m === null || h === null || days === null || months === null) return null;
  const clock = clockWords({ second: s, minute: m, hour: h });
  const isDaily = days === "" && clock.startsWith("at ");
  return capital(`${clock}${isDaily ? " every day" : days}${months}`);
}

/** What a field names: all values, in steps or not, or some of them. */
interface Field {
  /** It begins with `*`; `step` is 1 without one. */
  any: boolean;
  step: number;
  /** Ascending, without repetitions. */
  values: number[];
  /** It is one range or one number. */
  range: [from: number, to: number] | null;
}

interface Clock {
  second: Field;
  minute: Field;
  hour: Field;
}

const MAX_TIMES = 6;

function clockWords({ second, minute, hour }: Clock): string {
  if (second.any || second.values.length > 1) {
    const minutes = minute.any && minute.step === 1 ? "" : `, in ${listed("minute", minute)}`;
    const hours = hour.any && hour.step === 1 ? "" : `, in ${listed("hour", hour)}`;
    return (second.any ? nth(second, 60, "second", "minute") : `at ${listed("second", second)}`) +
      minutes + hours;
  }
  const [seconds = 0] = second.values;
  const tail = seconds === 0 ? "" : `:${two(seconds)}`;
  if (minute.any) return `${nth(minute, 60, "minute", "hour")}${span(hour)}${secondWords(seconds)}`;
  const times = hour.values.flatMap((h) => minute.values.map((m) => `${two(h)}:${two(m)}${tail}`));
  if (!hour.any && times.length <= MAX_TIMES) return `at ${and(times)}`;
  const past = minute.values.length === 1 && minute.values[0] === 0
    ? secondWords(seconds)
    : ` at ${listed("minute", minute)}${secondWords(seconds)}`;
  if (hour.any) return `${nth(hour, 24, "hour", "day")}${past}`;
  const [first = "", last = ""] = [times[0], times.at(-1)];
  if (hour.range && minute.values.length === 1) {
    return `${everyNth(hour.step, "hour")} from ${first} to ${last}`;
  }
  return `at ${listed("minute", minute)} of ${listed("hour", hour)}${secondWords(seconds)}`;
}

/** "every 5 minutes"; steps that do not divide what they are of begin anew with it. */
function nth({ step }: Field, whole: number, unit: string, of: string): string {
  const words = everyNth(step, unit);
  return whole % step === 0 ? words : `${words}, counted from the start of the ${of}`;
}

/** In which hours something comes again and again. */
function span(hour: Field): string {
  if (hour.any) return hour.step === 1 ? "" : ` of ${everyNth(hour.step, "hour")}`;
  const { range, step, values } = hour;
  if (range && (step === 1 || values.length === 1)) {
    return ` from ${two(range[0])}:00 to ${two(range[1])}:59`;
  }
  return ` in ${listed("hour", hour)}`;
}

function secondWords(second: number): string {
  return second === 0 ? "" : `, at second ${second}`;
}

/** "minute 5", "hours 9 to 17", "minutes 0 and 30". */
function listed(unit: string, { any, step, values, range }: Field): string {
  if (any) return step === 1 ? `every ${unit}` : `every ${ordinal(step)} ${unit}`;
  if (values.length === 1) return `${unit} ${values[0]}`;
  if (range && step === 1) return `${unit}s ${range[0]} to ${range[1]}`;
  return `${unit}s ${and(values.map(String))}`;
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Where both days are given, either counts; with `+` both must. */
function dayWords(day: string, weekday: string): string | null {
  const isBoth = weekday.startsWith("+");
  const ofMonth = isStar(day) ? "" : monthDayWords(day);
  const ofWeek = isStar(weekday) ? "" : weekdayWords(weekday.replace(/^\+/, ""));
  if (ofMonth === null || ofWeek === null) return null;
  if (ofMonth && ofWeek) {
    return isBoth ? `${ofMonth}, but only${ofWeek}` : `${ofMonth}, and also${ofWeek}`;
  }
  // One that is given and names every day.
  if (!isBoth && !isStar(day) && !isStar(weekday)) return "";
  return ofMonth || (ofWeek.startsWith(" on") ? ofWeek : ofWeek && `,${ofWeek}`);
}

function monthDayWords(day: string): string | null {
  if (/^L$/i.test(day)) return " on the last day of the month";
  const near = /^(\d{1,2})W$/i.exec(day);
  if (near) return ` on the weekday nearest the ${ordinal(Number(near[1]))}`;
  const field = read(day, 1, 31);
  if (!field) return null;
  const { any, step, range, values } = field;
  if (any) return step === 1 ? "" : ` on every ${ordinal(step)} day of the month`;
  if (range && step === 1 && values.length > 2) {
    return ` from the ${ordinal(range[0])} to the ${ordinal(range[1])} of the month`;
  }
  return ` on the ${and(values.map(ordinal))} of the month`;
}

function weekdayWords(weekday: string): string | null {
  const some = /^(\w+)#(\d|L)$/i.exec(weekday);
  if (some) {
    const [of] = read(named(some[1] ?? "", WEEKDAYS, 0), 0, 7)?.values ?? [];
    const which = /L/i.test(some[2] ?? "") ? "last" : ordinal(Number(some[2]));
    return of === undefined ? null : ` on the ${which} ${WEEKDAYS[of % 7]} of the month`;
  }
  const field = read(named(weekday, WEEKDAYS, 0), 0, 7);
  if (!field) return null;
  // The week begins on Monday, and Sunday is 0 and 7.
  const days = [...new Set(field.values.map((value) => value % 7 || 7))].sort((a, b) => a - b);
  if (days.length === 7) return "";
  const [first = 1, last = 1] = [days[0], days.at(-1)];
  const name = (value: number) => WEEKDAYS[value % 7] ?? "";
  return days.length > 2 && last - first === days.length - 1
    ? ` ${name(first)} to ${name(last)}`
    : ` on ${and(days.map((value) => `${name(value)}s`))}`;
}

function monthWords(month: string): string | null {
  if (isStar(month)) return "";
  const field = read(named(month, MONTHS, 1), 1, 12);
  if (!field) return null;
  const { values, range, step } = field;
  if (values.length === 12) return "";
  const name = (value: number) => MONTHS[value - 1] ?? "";
  return range && step === 1 && values.length > 2
    ? ` from ${name(range[0])} to ${name(range[1])}`
    : ` in ${and(values.map(name))}`;
}

function isStar(field: string): boolean {
  return field === "*" || field === "?";
}

/** Puts numbers in the place of names such as MON and JAN. */
function named(field: string, names: string[], first: number): string {
  return field.replace(/[a-z]{3,}/gi, (word) => {
    const index = names.findIndex((name) => name.toLowerCase().startsWith(word.toLowerCase()));
    return index < 0 ? word : `${index + first}`;
  });
}

/** Reads a field of numbers, ranges, lists and steps; null for what is none. */
function read(field: string, least: number, most: number): Field | null {
  const parts = field.split(",").map((part) => readPart(part, least, most));
  const values = new Set<number>();
  for (const part of parts) {
    if (part === null) return null;
    for (let value = part.from; value <= part.to; value += part.step) values.add(value);
  }
  const [first] = parts;
  const only = parts.length === 1 && first ? first : null;
  return {
    any: only?.any ?? false,
    step: only?.step ?? 1,
    values: [...values].sort((a, b) => a - b),
    range: only && !only.any ? [only.from, only.to] : null,
  };
}

function readPart(part: string, least: number, most: number) {
  const [, star, low, high, steps] = /^(?:([*?])|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
  const step = Number(steps ?? 1);
  const from = star ? least : Number(low);
  const to = star ? most : Number(high ?? (steps ? most : low));
  const isRight = (star || low) && step >= 1 && from >= least && to <= most && from <= to;
  return isRight ? { any: star !== undefined, from, to, step } : null;
}

function everyNth(count: number, unit: string): string {
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

function ordinal(value: number): string {
  const tail = value % 100 > 10 && value % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][value % 10];
  return `${value}${tail ?? "th"}`;
}

/** "a", "a and b", "a, b and c". */
function and(words: string[]): string {
  const last = words.at(-1) ?? "";
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${last}` : last;
}

function two(value: number): string {
  return `${value}`.padStart(2, "0");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
