import { assertEquals } from "@std/assert";
import type { Schedule, ScheduleRun } from "../jobs/wire.ts";
import { entriesOf } from "../ui/schedule_runs.ts";
import { changesTo, definitionOf, draftOf, newDraft } from "../ui/schedule_draft.ts";

const SCHEDULE: Schedule = {
  name: "nightly",
  task: "divide",
  args: [1, 2],
  cron: "30 2 * * *",
  timezone: "Europe/Berlin",
  every: null,
  start: "2030-01-31T12:00:00.000Z",
  end: null,
  misfire: "all",
  queue: "slow",
  priority: "low",
  expires: 60,
  max_retries: 0,
  time_limit: null,
  soft_time_limit: null,
  unique: 30,
  unique_key: null,
  concurrency_key: "k",
  concurrency_limit: 2,
  paused: false,
  in_code: false,
  next_due_at: null,
  last_due_at: null,
  last_task_id: null,
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
};

Deno.test("a schedule in the form says what it said", () => {
  const { definition, errors } = definitionOf(draftOf(SCHEDULE));
  assertEquals(errors, {});
  assertEquals(definition, {
    task: "divide",
    cron: "30 2 * * *",
    timezone: "Europe/Berlin",
    start: "2030-01-31T12:00:00.000Z",
    misfire: "all",
    queue: "slow",
    priority: "low",
    concurrency_key: "k",
    expires: 60,
    max_retries: 0,
    concurrency_limit: 2,
    unique: 30,
  });
});

Deno.test("an interval is shown in the largest unit that fits", () => {
  const every = (seconds: number) => {
    const draft = draftOf({ ...SCHEDULE, cron: null, every: seconds });
    assertEquals(definitionOf(draft).definition["every"], seconds);
    return `${draft.every} ${draft.unit}`;
  };
  assertEquals([1, 90, 300, 7200, 172_800].map(every), [
    "1 seconds",
    "90 seconds",
    "5 minutes",
    "2 hours",
    "2 days",
  ]);
});

Deno.test("only what was changed is sent, and null for what was taken back", () => {
  const before = draftOf(SCHEDULE);
  const after = { ...before, by: "every" as const, every: "5", queue: "" };
  const changes = changesTo(definitionOf(before).definition, definitionOf(after).definition);
  assertEquals(changes, { cron: null, timezone: null, every: 300, queue: null });
  assertEquals(
    changesTo(definitionOf(before).definition, definitionOf({ ...before }).definition),
    {},
  );
});

Deno.test("what is missing or no number is said at its field", () => {
  const draft = newDraft("UTC");
  assertEquals(definitionOf({ ...draft, cron: " " }).errors, {
    cron: "A cron expression is needed here.",
  });
  const wrong = { by: "every" as const, every: "0", unique: "seconds", expires: "x", end: "soon" };
  assertEquals(Object.keys(definitionOf({ ...draft, ...wrong }).errors), [
    "every",
    "end",
    "expires",
    "unique",
  ]);
});

Deno.test("what was skipped in a row for the same reason is one entry of the history", () => {
  const run = (second: number, skipped: string | null): ScheduleRun => {
    const due_at = new Date(second * 1000).toISOString();
    return { due_at, until: null, at: due_at, task_id: skipped ? null : "id", skipped };
  };
  const byHand = { ...run(6, "late"), due_at: null };
  const runs = [run(5, "late"), run(4, "late"), byHand, run(3, "kept"), run(2, null), run(1, null)];
  assertEquals(entriesOf(runs).map(({ run, from, count }) => [run, from, count]), [
    [runs[0], runs[1]?.due_at, 2],
    [byHand, null, 1],
    [runs[3], null, 1],
    [runs[4], null, 1],
    [runs[5], null, 1],
  ]);
});
