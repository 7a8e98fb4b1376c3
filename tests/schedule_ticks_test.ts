/** Which ticks of a schedule are enqueued, by a clock that the test sets. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { ScheduleBody } from "../jobs/schedule.ts";
import { MAX_CATCH_UP, MISFIRE_AFTER_MS, planStep } from "../jobs/schedule_ticks.ts";
import type { Misfire } from "../jobs/wire.ts";

const START = Date.UTC(2026, 10, 21, 12);

/** The step of a schedule with an interval in seconds that was due at START and is looked at later. */
function planned(misfire: Misfire, everySeconds: number, lateSeconds: number, end?: number) {
  const timing = {
    cron: null,
    timezone: "UTC",
    every: everySeconds,
    anchor: START,
    start: null,
    end: end === undefined ? null : START + end * 1000,
  };
  const call = {
    name: "add",
    args: "[1,2]",
    queue: "default",
    priority: "normal",
    maxRetries: 3,
    timeLimit: null,
    softTimeLimit: null,
  };
  const body = { timing, misfire, call, created: START - 1 } as unknown as ScheduleBody;
  const stored = {
    name: "s",
    revision: 1,
    body: JSON.stringify(body),
    inCode: false,
    next: START,
    last: null,
  };
  const step = planStep(stored, START + lateSeconds * 1000);
  const seconds = (ms: number | null) => ms === null ? null : (ms - START) / 1000;
  return {
    step,
    run: step.ticks.map(({ due }) => seconds(due)),
    skipped: step.skipped.map(({ due, until }) => [seconds(due), seconds(until)]),
    next: seconds(step.next),
  };
}

Deno.test("a tick in time is enqueued under any policy", () => {
  for (const misfire of ["skip", "last", "all"] as const) {
    for (const late of [0, 0.001, 59.999]) {
      const { run, skipped, next } = planned(misfire, 60, late);
      assertEquals([run, skipped, next], [[0], [], 60]);
    }
  }
});

Deno.test("of missed ticks none, the last or all are enqueued", () => {
  const missed = (misfire: Misfire, late: number) => {
    const { run, skipped, next } = planned(misfire, 60, late);
    return [run, skipped, next];
  };
  assertEquals(missed("all", 185), [[0, 60, 120, 180], [], 240]);
  assertEquals(missed("last", 185), [[180], [[0, 120]], 240]);
  assertEquals(missed("last", 60), [[60], [[0, 0]], 120]);
  // The last is in time for a minute.
  assertEquals(missed("skip", 185), [[180], [[0, 120]], 240]);
  const slow = planned("skip", 3600, 3 * 3600 + 61);
  assertEquals([slow.run, slow.skipped, slow.next], [[], [[0, 3 * 3600]], 4 * 3600]);
  const inTime = planned("skip", 3600, MISFIRE_AFTER_MS / 1000);
  assertEquals([inTime.run, inTime.skipped], [[0], []]);
  const late = planned("skip", 3600, MISFIRE_AFTER_MS / 1000 + 0.001);
  assertEquals([late.run, late.skipped], [[], [[0, 0]]]);
  const last = planned("last", 3600, 3599);
  assertEquals([last.run, last.skipped], [[0], []]);
});

Deno.test("all is bounded: the oldest are enqueued, and what is left out is said", () => {
  const year = 366 * 24 * 3600;
  const { run, skipped, next, step } = planned("all", 1, year + 0.5);
  assertEquals(run, Array.from({ length: MAX_CATCH_UP }, (_, i) => i));
  assertEquals([skipped, next], [[[MAX_CATCH_UP, year]], year + 1]);
  assertEquals(step.skipped[0]?.reason, "more than 1000 ticks were missed");
  const exactly = planned("all", 1, MAX_CATCH_UP - 1);
  assertEquals([exactly.run.length, exactly.skipped], [MAX_CATCH_UP, []]);
});

Deno.test("after its end a schedule is never due", () => {
  for (const misfire of ["last", "all"] as const) {
    const { run, next } = planned(misfire, 60, 1000, 90);
    assertEquals([run.at(-1), next], [60, null]);
  }
  assertEquals(planned("skip", 60, 1000, 90).run, []);
});

Deno.test("a tick has one id, whoever enqueues it and whenever", () => {
  const ids = (late: number) => planned("all", 60, late).step.ticks.map(({ task }) => task.id);
  assertEquals(ids(0), ids(1));
  const [first = "", second = ""] = ids(60);
  assertEquals([first], ids(0));
  assertNotEquals(first, second);
  assert(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(first));
  const [task] = planned("all", 60, 0).step.ticks.map(({ task }) => task);
  assertEquals([task?.name, task?.args, task?.queue], ["add", "[1,2]", "default"]);
});
