/** Times, durations and ids as a person reads them. Pure. */

/** Enough of an id to tell tasks apart by eye. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** A length of time: "850 ms", "12 s", "2 min 5 s", "3 h 20 min". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return wholeSeconds(ms);
}

/** A length of time to the second, for clocks that tick. */
export function wholeSeconds(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit));
  if (!minutes) return `${seconds} s`;
  if (!hours) return twoUnits(minutes, "min", seconds % 60, "s");
  if (!days) return twoUnits(hours, "h", minutes % 60, "min");
  return twoUnits(days, "d", hours % 24, "h");
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** How far a moment is from now: "just now", "12 s ago", "in 3 min". */
export function relative(iso: string, now: number): string {
  const ms = now - Date.parse(iso);
  if (Math.abs(ms) < 1500) return "just now";
  const text = coarse(Math.abs(ms));
  return ms > 0 ? `${text} ago` : `in ${text}`;
}

function coarse(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A moment to the millisecond, in the reader's own time zone. */
export function exact(iso: string): string {
  return `${moment(iso)}, ${iso}`;
}

/** A moment in the reader's own time zone: "2026-01-31 14:03:27". */
export function moment(iso: string): string {
  const at = new Date(iso);
  const date = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(twoDigits).join("-");
  return `${date} ${clock(iso)}`;
}

/** The time of day of a moment, in the reader's own time zone: "14:03:27". */
export function clock(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(part: number): string {
  return String(part).padStart(2, "0");
}

/** A value on one line, cut to a length. */
export function preview(value: unknown, length = 80): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** A number that is not negative as a person reads it: "10,000". Without Intl, whose first use takes a browser long. */
export function count(value: number): string {
  return String(value).replace(/^\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ","));
}

/** A number of things: "1 worker", "3 workers". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Bytes in the unit that leaves one to three digits before the point: "1.5 MiB". */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
