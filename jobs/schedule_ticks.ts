/** From a schedule that is due to its next step: which ticks are enqueued, which are not, and why. */

import { createHash } from "node:crypto";
import type { ScheduleBody } from "./schedule.ts";
import type { ScheduleStep, StoredSchedule } from "./schedule_store.ts";
import { lastDue, nextDue, type Timing } from "./schedule_times.ts";

/** A tick that is later than this was missed, even if no other has come since; as in Quartz. */
export const MISFIRE_AFTER_MS = 60_000;
/** Missed ticks of one schedule that `misfire: "all"` enqueues, the oldest. */
export const MAX_CATCH_UP = 1000;

/**
 * Plans the step of a schedule that is due.
 * @param now the broker's time, in Unix milliseconds
 */
export function planStep(schedule: StoredSchedule, now: number): ScheduleStep {
  const { name, revision, next: first } = schedule;
  if (first === null) throw new RangeError(`Schedule ${name} is not due`);
  const body = JSON.parse(schedule.body) as ScheduleBody;
  const { timing, call } = body;
  const last = lastDue(timing, first, Math.max(first, now));
  const { run, skipped } = choose(body, first, last, now);
  return {
    name,
    revision,
    due: first,
    next: nextDue(timing, last),
    ticks: run.map((due) => ({ due, task: { ...call, id: tickId(name, body.created, due) } })),
    skipped,
  };
}

/** All ticks but the last were missed, and that one is too if it is late. */
function choose(
  { timing, misfire }: ScheduleBody,
  first: number,
  last: number,
  now: number,
): { run: number[]; skipped: ScheduleStep["skipped"] } {
  if (misfire === "all") {
    const run = upTo(last, first, timing);
    const rest = nextDue(timing, run.at(-1) ?? last);
    if (rest === null || rest > last) return { run, skipped: [] };
    const reason = `more than ${MAX_CATCH_UP} ticks were missed`;
    return { run, skipped: [{ due: rest, until: last, reason }] };
  }
  const reason = `missed, and misfire is "${misfire}"`;
  if (misfire === "skip" && now - last > MISFIRE_AFTER_MS) {
    return { run: [], skipped: [{ due: first, until: last, reason }] };
  }
  const skipped = last === first
    ? []
    : [{ due: first, until: lastDue(timing, first, last - 1), reason }];
  return { run: [last], skipped };
}

function upTo(last: number, first: number, timing: Timing): number[] {
  const times: number[] = [];
  for (
    let due: number | null = first;
    due !== null && due <= last && times.length < MAX_CATCH_UP;
    due = nextDue(timing, due)
  ) times.push(due);
  return times;
}

/** The same for the same tick of the same schedule, whoever enqueues it. */
function tickId(name: string, created: number, due: number): string {
  const hash = createHash("sha1").update(`${name} ${created} ${due}`).digest();
  hash.writeUInt8(hash.readUInt8(6) & 0x0f | 0x50, 6); // a name-based UUID, RFC 9562
  hash.writeUInt8(hash.readUInt8(8) & 0x3f | 0x80, 8);
  const hex = hash.toString("hex", 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
