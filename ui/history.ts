/** Samples over time as plots and figures want them. Pure. */

import type { History, HistoryPoint, Percentiles, Range } from "../jobs/wire.ts";
import type { PlotData, PlotTone, Series } from "./components/plot_data.ts";
import { count, duration } from "./format.ts";

export const RANGE_SECONDS: { [R in Range]: number } = {
  "15m": 15 * 60,
  "1h": 3600,
  "24h": 86_400,
  "7d": 7 * 86_400,
};

export const RANGE_NAMES: { [R in Range]: string } = {
  "15m": "15 min",
  "1h": "1 h",
  "24h": "24 h",
  "7d": "7 d",
};

/** Milliseconds that an axis may go up by. */
const DURATION_STEPS = [
  ...[1, 10, 100].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].map((s) => s * 1000),
];

/**
 * A history that goes on with a new point of 10 seconds; null where it has to be asked for again,
 * because its steps are longer or some are missing.
 */
export function withPoint(history: History, point: HistoryPoint): History | null {
  const last = history.points.at(-1);
  const steps = last ? stepOf(point, history) - stepOf(last, history) : Infinity;
  if (steps <= 0) return history;
  if (steps > 1 || history.step_seconds > 10) return null;
  const oldest = Date.parse(point.at) - RANGE_SECONDS[history.range] * 1000;
  const points = [...history.points, point].filter(({ at }) => Date.parse(at) > oldest);
  return { ...history, points };
}

/** The number of the step in which a point ends: those of points without a gap follow each other. */
function stepOf({ at }: HistoryPoint, { step_seconds }: History): number {
  return Math.floor(Date.parse(at) / 1000 / step_seconds);
}

/** One place on the time axis; `point` is null where something is missing. */
interface Place {
  time: number;
  point: HistoryPoint | null;
}

/** The points with a gap wherever steps are missing. */
function places(history: History): Place[] {
  return history.points.flatMap((point, index) => {
    const before = history.points[index - 1];
    const place = { time: Date.parse(point.at) / 1000, point };
    if (!before || stepOf(point, history) === stepOf(before, history) + 1) return [place];
    return [{ time: Date.parse(before.at) / 1000 + history.step_seconds, point: null }, place];
  });
}

type Line = [label: string, tone: PlotTone, value: (point: HistoryPoint) => number | null];

/** A plot of figures of each point. */
export function plotOf(
  history: History,
  lines: Line[],
  look: Pick<PlotData, "kind" | "format" | "steps">,
): PlotData {
  const along = places(history);
  const to = Math.max(Date.now() / 1000, along.at(-1)?.time ?? 0);
  return {
    ...look,
    times: along.map(({ time }) => time),
    series: lines.map(([label, tone, value]): Series => ({
      label,
      tone,
      values: along.map(({ point }) => point && value(point)),
    })),
    from: to - RANGE_SECONDS[history.range],
    to,
  };
}

/** A plot of what happened, each minute. */
export function ratesPlot(history: History, lines: Line[]): PlotData {
  const factor = 60 / history.step_seconds;
  const perMinute = lines.map(([label, tone, value]): Line => [label, tone, (point) => {
    const happened = value(point);
    return happened === null ? null : happened * factor;
  }]);
  return plotOf(history, perMinute, { kind: "bars", format: rate });
}

/** A plot of lengths of time. */
export function durationsPlot(history: History, which: "wait_ms" | "run_ms"): PlotData {
  const line = (name: keyof Percentiles, tone: PlotTone): Line => [
    name,
    tone,
    (point) => point[which]?.[name] ?? null,
  ];
  return plotOf(history, [line("p50", "two"), line("p95", "one"), line("p99", "four")], {
    kind: "lines",
    format: shortDuration,
    steps: DURATION_STEPS,
  });
}

/** Colours of the queues of one plot; the rest is one line. */
const QUEUE_TONES: PlotTone[] = ["one", "two", "three", "four", "five"];

/** A plot of how many tasks wait in each queue: the longest by name, the rest together. */
export function queuesPlot(history: History): PlotData {
  const most = new Map<string, number>();
  for (const { queues } of history.points) {
    for (const [name, { waiting }] of Object.entries(queues)) {
      most.set(name, Math.max(most.get(name) ?? 0, waiting));
    }
  }
  const names = [...most].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) =>
    name
  );
  const named = names.slice(0, QUEUE_TONES.length);
  const rest = names.slice(QUEUE_TONES.length);
  const lines = named.map((name, index): Line => [
    name,
    QUEUE_TONES[index] ?? "six",
    ({ queues }) => queues[name]?.waiting ?? 0,
  ]);
  if (rest.length > 0) {
    const waiting = ({ queues }: HistoryPoint) => sum(rest.map((name) => queues[name]?.waiting));
    lines.push([`${rest.length} others`, "six", waiting]);
  }
  return plotOf(history, lines, { kind: "lines", format: count });
}

/** What happened in the last minute of a history of 15 minutes, and the course before it. */
export interface Pulse {
  donePerMinute: number | null;
  failedPerMinute: number | null;
  /** Of the runs that ended, those that failed; 0 to 1. */
  errorRate: number | null;
  waitP95: number | null;
  runP95: number | null;
  course: {
    waiting: (number | null)[];
    busy: (number | null)[];
    done: (number | null)[];
    failed: (number | null)[];
    wait: (number | null)[];
    run: (number | null)[];
  };
}

export function pulseOf(history: History, now: number): Pulse {
  const along = places(history);
  const course = (value: (point: HistoryPoint) => number | null) =>
    along.map(({ point }) => point && value(point));
  const isRecent = ({ at }: HistoryPoint) => now - Date.parse(at) < 70_000;
  const recent = history.points.filter(isRecent).slice(-6);
  const minutes = recent.length * history.step_seconds / 60;
  const total = (value: (point: HistoryPoint) => number) => sum(recent.map(value));
  const perMinute = (value: (point: HistoryPoint) => number) =>
    recent.length === 0 ? null : total(value) / minutes;
  const ended = total(({ succeeded, failed, retried }) => succeeded + failed + retried);
  const bad = total(({ failed, retried }) => failed + retried);
  return {
    donePerMinute: perMinute(({ succeeded }) => succeeded),
    failedPerMinute: perMinute(({ failed }) => failed),
    errorRate: ended === 0 ? null : bad / ended,
    waitP95: recent.findLast(({ wait_ms }) => wait_ms)?.wait_ms?.p95 ?? null,
    runP95: recent.findLast(({ run_ms }) => run_ms)?.run_ms?.p95 ?? null,
    course: {
      waiting: course(({ queues }) => sum(Object.values(queues).map(({ waiting }) => waiting))),
      busy: course(({ busy }) => busy),
      done: course(({ succeeded }) => succeeded),
      failed: course(({ failed }) => failed),
      wait: course(({ wait_ms }) => wait_ms?.p95 ?? null),
      run: course(({ run_ms }) => run_ms?.p95 ?? null),
    },
  };
}

/** So many a minute: whole from 10 on. */
export function rate(perMinute: number): string {
  if (perMinute > 0 && perMinute < 10) return `${Math.round(perMinute * 10) / 10}`;
  return count(Math.round(perMinute));
}

/** A share of the whole: "0.4 %", "12 %"; what is not nothing is not said to be. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  return `${value > 0 && value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} %`;
}

/** A length of time in one unit where it is round, for axes. */
function shortDuration(ms: number): string {
  if (ms > 0 && ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000 && ms % 1000 === 0) return `${ms / 1000} s`;
  return duration(ms);
}

function sum(values: (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
