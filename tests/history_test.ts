import { assert, assertEquals } from "@std/assert";
import { percentiles, toPoints } from "../jobs/history.ts";
import { MAX_QUEUES, type Sample } from "../jobs/history_sample.ts";
import { BUCKETS_MS } from "../jobs/stored.ts";
import { DURATION_BUCKETS } from "../jobs/wire.ts";

const STEP = 10_000;

/** Counts durations as a store does. */
function bucketsOf(durations: number[]): number[] {
  const buckets = new Array<number>(BUCKETS_MS.length + 1).fill(0);
  for (const ms of durations) {
    const found = BUCKETS_MS.findIndex((bound) => ms <= bound);
    const bucket = found < 0 ? BUCKETS_MS.length : found;
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  return buckets;
}

function sample(step: number, more: Partial<Sample> = {}): Sample & { at: number } {
  return {
    at: step * STEP + 7,
    enqueued: 0,
    succeeded: 0,
    failed: 0,
    revoked: 0,
    retried: 0,
    wait: bucketsOf([]),
    run: bucketsOf([]),
    queues: {},
    workers: 0,
    slots: 0,
    busy: 0,
    ...more,
  };
}

Deno.test("buckets go from a millisecond to an hour, each at most three times the one before", () => {
  assertEquals([DURATION_BUCKETS.at(0), DURATION_BUCKETS.at(-1)], [0.001, 3600]);
  DURATION_BUCKETS.forEach((bound, i) => {
    const before = DURATION_BUCKETS[i - 1] ?? bound / 2;
    assert(bound > before && bound / before <= 3, `${bound}`);
  });
});

Deno.test("a missing step stays a gap, and nothing is made up for it", () => {
  const samples = [1, 2, 5, 6, 9].map((step) => sample(step, { enqueued: step }));
  const points = toPoints(samples, STEP);
  assertEquals(points.map(({ at, enqueued }) => [Date.parse(at), enqueued]), [
    [2 * STEP + 7, 1],
    [6 * STEP + 7, 1],
  ]);
  assertEquals(toPoints([sample(1)], STEP), []);
});

Deno.test("totals that begin anew count from there, and are never negative", () => {
  const before = sample(1, {
    enqueued: 100,
    succeeded: 90,
    failed: 3,
    run: bucketsOf([5, 5, 5]),
    queues: { a: [1, 0, 0, 90], b: [0, 0, 0, 4] },
  });
  const now = sample(2, {
    enqueued: 7,
    succeeded: 95,
    failed: 1,
    run: bucketsOf([900]),
    queues: { a: [0, 0, 2, 6], b: [0, 0, 0, 5] },
  });
  const [point] = toPoints([before, now], STEP);
  assertEquals([point?.enqueued, point?.succeeded, point?.failed], [7, 5, 1]);
  assert(point?.run_ms && point.run_ms.p50 > 500 && point.run_ms.p50 <= 1000);
  assertEquals(point.wait_ms, null);
  assertEquals(point.queues, {
    a: { waiting: 0, scheduled: 0, active: 2, ended: 6 },
    b: { waiting: 0, scheduled: 0, active: 0, ended: 1 },
  });
});

Deno.test("a queue that is new counts from nothing, unless it may only have been left out", () => {
  const full: Sample["queues"] = {};
  for (let i = 0; i < MAX_QUEUES; i++) full[`q${i}`] = [0, 0, 0, 10];
  const { q0: _, ...others } = full;
  const now = sample(2, { queues: { ...others, late: [1, 0, 0, 500] } });
  const [afterAll] = toPoints([sample(1, { queues: full }), now], STEP);
  assertEquals(Object.keys(afterAll?.queues ?? {}).includes("late"), false);
  const [afterFew] = toPoints([sample(1, { queues: others }), now], STEP);
  assertEquals(afterFew?.queues["late"]?.ended, 500);
});

Deno.test("percentiles are right to the width of their bucket", () => {
  assertEquals(percentiles(bucketsOf([])), null);
  let seed = 42;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 200; round++) {
    const scale = 10 ** (1 + random() * 6);
    const count = 1 + Math.floor(random() * 400);
    const durations = Array.from({ length: count }, () => Math.floor(scale * random() ** 3));
    durations.sort((a, b) => a - b);
    const estimated = percentiles(bucketsOf(durations));
    for (const [name, share] of [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]] as const) {
      const exact = durations[Math.ceil(share * count) - 1] ?? NaN;
      const lower = BUCKETS_MS.findLast((bound) => bound < exact) ?? 0;
      const upper = BUCKETS_MS.find((bound) => bound >= exact) ?? lower;
      const found = estimated?.[name] ?? NaN;
      assert(found >= lower && found <= upper, `${name} ${found} of ${exact}: ${lower}–${upper}`);
    }
  }
});
