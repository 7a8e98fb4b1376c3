/** What the page makes of samples, queues and workers, without a browser. */

import { assert, assertEquals } from "@std/assert";
import type { History, HistoryPoint, QueueInfo, WorkerInfo } from "../jobs/wire.ts";
import { drawn, inWords, lastIndex, type PlotData } from "../ui/components/plot_data.ts";
import { percent, plotOf, pulseOf, queuesPlot, ratesPlot, withPoint } from "../ui/history.ts";
import { problemsOf } from "../ui/problems.ts";

const START = Date.parse("2030-01-31T12:00:00Z");

/** A point so many seconds after the start. */
function point(seconds: number, more: Partial<HistoryPoint> = {}): HistoryPoint {
  return {
    at: new Date(START + seconds * 1000).toISOString(),
    enqueued: 0,
    succeeded: 0,
    failed: 0,
    revoked: 0,
    retried: 0,
    wait_ms: null,
    run_ms: null,
    queues: {},
    workers: 1,
    slots: 2,
    busy: 0,
    ...more,
  };
}

const history = (points: HistoryPoint[], more: Partial<History> = {}): History => ({
  range: "15m",
  step_seconds: 10,
  points,
  ...more,
});

const queue = (more: Partial<QueueInfo>): QueueInfo => ({
  name: "default",
  waiting: 0,
  scheduled: 0,
  active: 0,
  paused: false,
  rate_limit: null,
  concurrency_limit: null,
  oldest_wait_ms: null,
  ended_per_minute: 0,
  ...more,
});

type Serving = Pick<WorkerInfo, "queues" | "mode">;

const worker = (more: Partial<Serving> = {}): Serving => ({
  queues: ["default"],
  mode: "working",
  ...more,
});

const problems = (queues: QueueInfo[], workers: Serving[], silent: string[] = []) =>
  problemsOf(queues, workers, silent, null).map(({ title }) => title);

Deno.test("a new point goes on where the last one ended, once, and drops what is too old", () => {
  const known = history([point(0), point(10)]);
  assertEquals(withPoint(known, point(20))?.points.length, 3);
  assertEquals(withPoint(known, point(10)), known);
  assertEquals(withPoint(known, point(0)), known);
  const longer = withPoint(history([point(-895), point(0)]), point(10));
  assertEquals(longer?.points.map(({ at }) => at), [point(0).at, point(10).at]);
});

Deno.test("a history is asked for again where points are missing, and where its steps are longer", () => {
  assertEquals(withPoint(history([point(0)]), point(30)), null);
  assertEquals(withPoint(history([]), point(0)), null);
  const hour = history([point(0)], { range: "1h", step_seconds: 30 });
  assertEquals(withPoint(hour, point(20)), hour);
  assertEquals(withPoint(hour, point(30)), null);
});

Deno.test("missing steps are a gap in plots, and late samples are none", () => {
  const late = plotOf(history([point(0), point(19), point(20)]), [
    ["Busy", "accent", ({ busy }) => busy],
  ], { kind: "lines", format: String });
  assertEquals(late.series[0]?.values, [0, 0, 0]);
  const gap = ratesPlot(history([point(0, { succeeded: 2 }), point(30, { succeeded: 1 })]), [
    ["Succeeded", "good", ({ succeeded }) => succeeded],
  ]);
  assertEquals(gap.series[0]?.values, [12, null, 6]);
  assertEquals(gap.to - gap.from, 900);
});

Deno.test("bars stand on each other, and words tell of each alone", () => {
  const data: PlotData = {
    kind: "bars",
    times: [1, 2, 3],
    series: [
      { label: "Good", tone: "good", values: [3, null, 1] },
      { label: "Bad", tone: "bad", values: [1, null, null] },
    ],
    from: 0,
    to: 3,
    format: (value) => `${value}/min`,
  };
  assertEquals(drawn(data), [[4, null, null], [3, null, 1]]);
  assertEquals(drawn({ ...data, kind: "lines" })[0], [3, null, 1]);
  assertEquals(lastIndex(data), 2);
  assertEquals(
    inWords(data),
    "Good: now 1/min, at most 3/min. Bad: now 1/min, at most 1/min",
  );
});

Deno.test("the longest queues are drawn by name, and the others together", () => {
  const queues = Object.fromEntries(
    Array.from(
      { length: 8 },
      (_, n) => [`q${n}`, { waiting: n, scheduled: 0, active: 0, ended: 0 }],
    ),
  );
  const { series } = queuesPlot(history([point(0, { queues }), point(10)]));
  assertEquals(series.map(({ label }) => label), ["q7", "q6", "q5", "q4", "q3", "3 others"]);
  assertEquals(series.map(({ values }) => values[0]), [7, 6, 5, 4, 3, 3]);
  assertEquals(series[0]?.values[1], 0);
});

Deno.test("figures of now are of the last minute, and none where nobody took samples", () => {
  const points = [0, 10, 20, 30, 40, 50, 60, 70].map((seconds) =>
    point(seconds, { succeeded: 3, failed: 1, run_ms: { p50: 1, p95: seconds, p99: 9 } })
  );
  const pulse = pulseOf(history(points), START + 71_000);
  assertEquals([pulse.donePerMinute, pulse.failedPerMinute, pulse.errorRate], [18, 6, 0.25]);
  assertEquals([pulse.runP95, pulse.waitP95], [70, null]);
  const later = pulseOf(history(points), START + 300_000);
  assertEquals([later.donePerMinute, later.errorRate, later.runP95], [null, null, null]);
});

Deno.test("a share that is not nothing is not said to be", () => {
  assertEquals([0, 0.0004, 0.004, 0.124, 1].map(percent), [
    "0 %",
    "< 0.1 %",
    "0.4 %",
    "12 %",
    "100 %",
  ]);
});

Deno.test("a queue has one problem, that which explains the others", () => {
  const waits = { waiting: 2, oldest_wait_ms: 90_000 };
  assertEquals(problems([queue({})], []), []);
  assertEquals(problems([queue({ ...waits, paused: true })], []), [
    "The queue default is paused, and 2 tasks wait in it.",
  ]);
  assertEquals(problems([queue({ waiting: 1 })], [worker({ queues: ["other"] })]), [
    "No worker serves the queue default, in which 1 task waits.",
  ]);
  assertEquals(problems([queue(waits)], [worker({ mode: "quiet" })]), [
    "Every worker of the queue default is quiet or stopping, and 2 tasks wait in it.",
  ]);
  assertEquals(problems([queue(waits)], [worker(), worker({ mode: "quiet" })]), [
    "Tasks of the queue default wait long: the oldest for 1 min 30 s.",
  ]);
  assertEquals(problems([queue({ waiting: 2, oldest_wait_ms: 900 })], [worker()]), []);
  assert(problems([], [], ["web-1"])[0]?.includes("web-1"));
});
