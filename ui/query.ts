/**
 * What the search box understands: `queue:mail state:FAILURE,RETRY args:"a b" since:1h timeout`.
 * Words without a qualifier are looked for as one text. Pure.
 */

import { type State, STATES } from "../jobs/wire.ts";

/** What can stand before a colon, with what it means. */
export const QUALIFIERS = {
  name: "of this task name",
  queue: "of this queue",
  worker: "that this worker runs or ran",
  schedule: "started by this schedule",
  state: "in one of these states, with commas",
  id: "whose id begins so",
  args: "with this in their arguments",
  result: "with this in their result",
  error: "with this in their error",
  text: "with this in any of these",
  since: "accepted since: 90s, 5m, 2h, 7d or a date",
  until: "accepted until: likewise",
  dead: "true: that failed for good",
} as const;
export type Qualifier = keyof typeof QUALIFIERS;

/** One part of the text in the box. */
export interface Term {
  /** Null for a word without a qualifier. */
  key: Qualifier | null;
  /** Without the quotes. */
  value: string;
  /** Where it stands in the text. */
  from: number;
  to: number;
}

/** What the server is asked for: parameters of `GET /tasks`. */
export type TaskFilter = { [K in Exclude<Qualifier, "state" | "dead">]?: string } & {
  /** States with commas. */
  state?: string;
  dead?: true;
};

export interface Query {
  terms: Term[];
  filter: TaskFilter;
  /** What is wrong and what would be right; empty if all of it is understood. */
  problem: string;
}

/** A qualifier and the value behind it, a text in quotes, or a word. */
const TERM = /([A-Za-z_]+):(?:"((?:\\.|[^"\\])*)"?|(\S*))|"((?:\\.|[^"\\])*)"?|(\S+)/g;

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Reads the text of the box.
 * @param now Unix milliseconds from which `since:1h` counts
 */
export function parseQuery(text: string, now: number): Query {
  const terms: Term[] = [];
  const filter: TaskFilter = {};
  const words: string[] = [];
  let problem = "";
  for (const match of text.matchAll(TERM)) {
    const [whole, word, quoted, bare, quotedText, plain] = match;
    const from = match.index;
    const to = from + whole.length;
    // An address such as http://… is no qualifier.
    const isQualifier = word !== undefined && !bare?.startsWith("//");
    if (!isQualifier) {
      const value = quotedText === undefined ? plain ?? whole : unescape(quotedText);
      terms.push({ key: null, value, from, to });
      if (value !== "") words.push(value);
      continue;
    }
    const key = qualifierOf(word);
    const value = quoted === undefined ? bare ?? "" : unescape(quoted);
    if (key === null) {
      problem ||=
        `There is no qualifier ${word}: – there are ${Object.keys(QUALIFIERS).join(", ")}.` +
        ` To look for the text, put it into quotes: "${whole}".`;
      continue;
    }
    terms.push({ key, value, from, to });
    // One that is still being typed does not count yet.
    if (value === "") continue;
    if (key === "text") words.push(value);
    else problem ||= take(filter, key, value, now);
  }
  if (words.length > 0) filter.text = words.join(" ");
  return { terms, filter, problem };
}

/** Takes a value into the filter; answers what is wrong with it, or nothing. */
function take(filter: TaskFilter, key: Qualifier, value: string, now: number): string {
  if (filter[key] !== undefined) return `${key}: stands there twice. Leave one out.`;
  switch (key) {
    case "state": {
      const states = value.toUpperCase().split(",").map((each) => each.trim());
      const wrong = states.find((each) => !STATES.includes(each as State));
      if (wrong !== undefined) {
        return `There is no state ${wrong || "without a name"}: there are ${STATES.join(", ")}.`;
      }
      filter.state = states.join(",");
      return "";
    }
    case "since":
    case "until": {
      const at = timeOf(value, now);
      if (at === null) {
        return `${key}: takes so long ago (90s, 5m, 2h, 7d) or a time (2030-01-31, 2030-01-31T12:00).`;
      }
      filter[key] = new Date(at).toISOString();
      return "";
    }
    case "dead":
      if (value.toLowerCase() !== "true") return "dead: takes true only.";
      filter.dead = true;
      return "";
    default:
      filter[key] = value;
      return "";
  }
}

/** Unix milliseconds; days and times without a zone are the reader's own. */
function timeOf(value: string, now: number): number | null {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(value) ?? [];
  if (amount && unit) return now - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?$/.test(value)) return null;
  const at = new Date(value.includes("T") ? value : `${value}T00:00`).getTime();
  return Number.isNaN(at) ? null : at;
}

function qualifierOf(word: string): Qualifier | null {
  const lower = word.toLowerCase();
  return Object.hasOwn(QUALIFIERS, lower) ? lower as Qualifier : null;
}

/** A term as it is typed, in quotes where it needs them. */
export function termText(key: Qualifier | null, value: string): string {
  const needsQuotes = /[\s"]/.test(value) || (key === null && /^[A-Za-z_]+:/.test(value));
  const text = needsQuotes ? `"${value.replaceAll(/["\\]/g, "\\$&")}"` : value;
  return key === null ? text : `${key}:${text}`;
}

/** The text without one of its terms. */
export function withoutTerm(text: string, { from, to }: Pick<Term, "from" | "to">): string {
  return `${text.slice(0, from).trimEnd()} ${text.slice(to).trimStart()}`.trim();
}

/** The text with this value for a qualifier, whatever it had; null takes the qualifier out. */
export function withTerm(text: string, key: Qualifier, value: string | null): string {
  const trimmed = text.trim();
  const others = parseQuery(trimmed, 0).terms.filter((term) => term.key === key)
    .reduceRight((rest, term) => withoutTerm(rest, term), trimmed);
  return value === null ? others : `${others} ${termText(key, value)}`.trim();
}

/** What could stand where somebody types. */
export interface Completion {
  /** The part of the text that a choice replaces. */
  from: number;
  to: number;
  choices: { text: string; hint: string }[];
}

/** Values that are known, by qualifier. */
export type KnownValues = { [K in Qualifier]?: string[] };

const MAX_CHOICES = 8;

/** What fits what is being typed. */
export function complete(text: string, caret: number, known: KnownValues): Completion {
  const before = /\S*$/.exec(text.slice(0, caret))?.[0] ?? "";
  const from = caret - before.length;
  const to = caret + (/^\S*/.exec(text.slice(caret))?.[0].length ?? 0);
  const [word, value] = before.split(/:(.*)/s);
  const key = value === undefined ? null : qualifierOf(word ?? "");
  if (key === null) {
    const typed = before.toLowerCase();
    const choices = before.includes(":") ? [] : Object.entries(QUALIFIERS)
      .filter(([name]) => name.startsWith(typed))
      .map(([name, hint]) => ({ text: `${name}:`, hint }));
    return { from, to, choices };
  }
  // Of several states only the last is being typed.
  const values = key === "state" ? [...STATES] : key === "dead" ? ["true"] : known[key] ?? [];
  const done = key === "state" ? (value ?? "").replace(/[^,]*$/, "") : "";
  const typed = (value ?? "").slice(done.length).toLowerCase();
  const fitting = values.filter((each) => each.toLowerCase().includes(typed));
  const choices = fitting
    .toSorted((a, b) => startsLater(a, typed) - startsLater(b, typed))
    .slice(0, MAX_CHOICES)
    .map((each) => ({ text: `${termText(key, done + each)} `, hint: "" }));
  return { from, to, choices };
}

function startsLater(value: string, typed: string): number {
  return value.toLowerCase().startsWith(typed) ? 0 : 1;
}

function unescape(quoted: string): string {
  return quoted.replaceAll(/\\(.)/gs, "$1");
}
