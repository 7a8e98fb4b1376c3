/** What one column of a table holds, found out value by value. */

import { Frequencies } from "./frequencies.ts";

/** Texts in a report are cut to this many characters. */
const SHOWN_CHARS = 80;
const SHOWN_VALUES = 5;

/** A column of the report. `min` and `max` are texts unless the type is a number's. */
export interface ColumnReport {
  name: string;
  type: "integer" | "number" | "boolean" | "date" | "text" | "empty";
  missing: number;
  min: number | string | null;
  max: number | string | null;
  mean: number | null;
  /** Different values; "1" and "1.0" are two. */
  distinct: number;
  most_frequent: { value: string; count: number }[];
  /** False where there were too many values to count: `distinct` and counts are then "at least". */
  exact: boolean;
}

/** A type narrower than text: how to read a value of it, as something that can be ordered. */
interface Kind {
  type: "integer" | "number" | "boolean" | "date";
  numeric: boolean;
  read(text: string): number | undefined;
}

/** The narrowest first. */
const KINDS: Kind[] = [
  { type: "integer", numeric: true, read: readInteger },
  { type: "number", numeric: true, read: readNumber },
  { type: "boolean", numeric: false, read: readBoolean },
  { type: "date", numeric: false, read: readDate },
];

export class Column {
  readonly #frequencies: Frequencies;
  /** The kinds that every value so far is of. */
  #ranges = KINDS.map((kind) => new Range(kind));
  #missing = 0;
  #minText: string | undefined;
  #maxText: string | undefined;

  /** @param limits how many values, and of which length in all, it may keep */
  constructor(readonly name: string, limits: { values: number; chars: number }) {
    this.#frequencies = new Frequencies(limits.values, limits.chars);
  }

  /** Takes the next row's value; an empty one is missing. */
  add(text: string): void {
    if (text === "") {
      this.#missing++;
      return;
    }
    this.#frequencies.add(text);
    if (this.#minText === undefined || text < this.#minText) this.#minText = text;
    if (this.#maxText === undefined || text > this.#maxText) this.#maxText = text;
    let fits = true;
    for (const range of this.#ranges) fits = range.add(text) && fits;
    if (!fits) this.#ranges = this.#ranges.filter((range) => range.fits);
  }

  report(): ColumnReport {
    const range = this.#ranges[0];
    const { min, max, mean } = range ?? { min: this.#minText, max: this.#maxText, mean: null };
    const empty = this.#minText === undefined;
    return {
      name: shorten(this.name),
      type: empty ? "empty" : range?.kind.type ?? "text",
      missing: this.#missing,
      min: empty ? null : shorten(min ?? null),
      max: empty ? null : shorten(max ?? null),
      mean: empty ? null : mean,
      distinct: this.#frequencies.distinct,
      most_frequent: this.#frequencies.top(SHOWN_VALUES)
        .map(({ value, count }) => ({ value: shorten(value), count })),
      exact: this.#frequencies.exact,
    };
  }
}

/** Smallest, largest and mean of values of one kind, as long as all are of that kind. */
class Range {
  fits = true;
  #min = { value: Infinity, text: "" };
  #max = { value: -Infinity, text: "" };
  #mean = 0;
  #count = 0;

  constructor(readonly kind: Kind) {}

  add(text: string): boolean {
    const value = this.kind.read(text);
    if (value === undefined) return this.fits = false;
    if (value < this.#min.value) this.#min = { value, text };
    if (value > this.#max.value) this.#max = { value, text };
    this.#count++;
    // A running mean, because a sum of large values would overflow.
    this.#mean += (value - this.#mean) / this.#count;
    return true;
  }

  get min(): number | string {
    return this.kind.numeric ? this.#min.value : this.#min.text;
  }

  get max(): number | string {
    return this.kind.numeric ? this.#max.value : this.#max.text;
  }

  get mean(): number | null {
    return this.kind.numeric ? this.#mean : null;
  }
}

const INTEGER = /^[+-]?(0|[1-9]\d*)$/;

/** Digits with leading zeros, or more than a number can hold, are somebody's identifier: text. */
function readInteger(text: string): number | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

const DECIMAL = /^[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

function readNumber(text: string): number | undefined {
  if (INTEGER.test(text)) return readInteger(text);
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function readBoolean(text: string): number | undefined {
  if (text.length > 5) return undefined;
  const lower = text.toLowerCase();
  return lower === "true" ? 1 : lower === "false" ? 0 : undefined;
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** ISO 8601 dates, with or without a time of day; one without a zone counts as UTC. */
function readDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [, year, month, day, time = "00:00", zone = "Z"] = match;
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(day) > lastDay) return undefined;
  const value = Date.parse(`${year}-${month}-${day}T${time}${zone}`);
  return Number.isNaN(value) ? undefined : value;
}

function shorten(value: string): string;
function shorten(value: number | string | null): number | string | null;
function shorten(value: number | string | null): number | string | null {
  if (typeof value !== "string" || value.length <= SHOWN_CHARS) return value;
  return value.slice(0, SHOWN_CHARS - 1) + "…";
}
