/** A schedule as the form holds it: texts of inputs, and what they say. Pure. */

import type { Json, Schedule } from "../jobs/wire.ts";

/** Texts of inputs; empty says nothing. Times are in the reader's zone, without saying so. */
export interface Draft {
  name: string;
  task: string;
  by: "cron" | "every";
  cron: string;
  timezone: string;
  every: string;
  unit: Unit;
  start: string;
  end: string;
  misfire: string;
  queue: string;
  priority: string;
  expires: string;
  max_retries: string;
  time_limit: string;
  soft_time_limit: string;
  /** "start", "end", or "seconds" that `unique_seconds` says. */
  unique: string;
  unique_seconds: string;
  unique_key: string;
  concurrency_key: string;
  concurrency_limit: string;
}

/** Seconds in each unit of an interval. */
export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

/** The part of a schedule that is sent, by the names of its fields. */
export type Definition = { [field: string]: Json };

const TEXTS = ["queue", "priority", "unique_key", "concurrency_key"] as const;
const NUMBERS = [
  "expires",
  "max_retries",
  "time_limit",
  "soft_time_limit",
  "concurrency_limit",
] as const;

export function newDraft(timezone: string): Draft {
  return {
    name: "",
    task: "",
    by: "cron",
    cron: "0 9 * * 1-5",
    timezone,
    every: "5",
    unit: "minutes",
    start: "",
    end: "",
    misfire: "last",
    queue: "",
    priority: "",
    expires: "",
    max_retries: "",
    time_limit: "",
    soft_time_limit: "",
    unique: "",
    unique_seconds: "",
    unique_key: "",
    concurrency_key: "",
    concurrency_limit: "",
  };
}

/** What the form shows of a schedule that is there already. */
export function draftOf(schedule: Schedule): Draft {
  const { name, task, cron, timezone, every, misfire, unique } = schedule;
  const unit = largestUnit(every ?? 0);
  const draft: Draft = {
    ...newDraft(timezone),
    name,
    task,
    by: cron === null ? "every" : "cron",
    ...(cron !== null && { cron }),
    ...(every !== null && { every: `${every / UNITS[unit]}`, unit }),
    start: localText(schedule.start),
    end: localText(schedule.end),
    misfire,
    unique: typeof unique === "number" ? "seconds" : unique ?? "",
    unique_seconds: typeof unique === "number" ? `${unique}` : "",
  };
  for (const field of [...TEXTS, ...NUMBERS]) draft[field] = `${schedule[field] ?? ""}`;
  return draft;
}

/** What a draft says; fields that say nothing are left out. `errors` by field. */
export function definitionOf(
  draft: Draft,
): { definition: Definition; errors: { [field: string]: string } } {
  const errors: { [field: string]: string } = {};
  const definition: Definition = { task: draft.task };
  if (draft.by === "cron") {
    if (draft.cron.trim()) definition["cron"] = draft.cron.trim();
    else errors["cron"] = "A cron expression is needed here.";
    if (draft.timezone.trim()) definition["timezone"] = draft.timezone.trim();
  } else if (Number(draft.every) > 0) {
    definition["every"] = Number(draft.every) * UNITS[draft.unit];
  } else {
    errors["every"] = "A number above 0 is needed here.";
  }
  for (const field of ["start", "end"] as const) {
    const text = draft[field];
    const at = Date.parse(text);
    if (!text) continue;
    if (Number.isNaN(at)) errors[field] = "This is not a time.";
    else definition[field] = new Date(at).toISOString();
  }
  definition["misfire"] = draft.misfire;
  for (const field of TEXTS) if (draft[field].trim()) definition[field] = draft[field].trim();
  for (const field of NUMBERS) {
    const text = draft[field].trim();
    if (!text) continue;
    if (Number.isFinite(Number(text))) definition[field] = Number(text);
    else errors[field] = "This is not a number.";
  }
  if (draft.unique === "seconds") {
    if (Number(draft.unique_seconds) > 0) definition["unique"] = Number(draft.unique_seconds);
    else errors["unique"] = "Say for how many seconds.";
  } else if (draft.unique) {
    definition["unique"] = draft.unique;
  }
  return { definition, errors };
}

/** What has to be sent to make one definition of another; null takes a field back. */
export function changesTo(before: Definition, after: Definition): Definition {
  const changes: Definition = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const value = after[field] ?? null;
    if (JSON.stringify(before[field] ?? null) !== JSON.stringify(value)) changes[field] = value;
  }
  return changes;
}

/** The server's words, which go on from a field's name, as a sentence at that field. */
export function sentence(message: string): string {
  const text = /^(is|are|has|must|never|would) /.test(message) ? `It ${message}` : message;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

function largestUnit(seconds: number): Unit {
  const units = Object.keys(UNITS).reverse() as Unit[];
  return units.find((unit) => seconds >= UNITS[unit] && seconds % UNITS[unit] === 0) ?? "seconds";
}

/** A moment as an input of the type datetime-local holds it. */
function localText(iso: string | null): string {
  if (iso === null) return "";
  const at = new Date(iso);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
