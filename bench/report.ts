/** What was measured, as data, as a table for a terminal, and what it says of the goals. */

import type { Machine } from "./machine.ts";
import type { ScenarioResult } from "./run.ts";
import type { Metric } from "./scenario.ts";
import {
  figure,
  isOurs,
  judge,
  type Measured,
  OURS,
  ratio,
  typical,
  type Verdict,
} from "./statistics.ts";

/** What `--json` writes. */
export interface Report {
  /** When it began, ISO 8601. */
  at: string;
  seconds: number;
  quick: boolean;
  machine: Machine;
  scenarios: ScenarioReport[];
}

export interface ScenarioReport {
  name: string;
  title: string;
  plot?: string;
  metrics: Metric[];
  rows: Row[];
  goals: Verdict[];
}

/** A contender and a metric. */
export interface Row {
  contender: string;
  metric: string;
  /** Of all rounds; absent where it did not run. */
  values?: number[];
  median?: number;
  min?: number;
  max?: number;
  /** Of a peer: how many times as good taskapp is. */
  ratio?: number;
  /** Why it did not run. */
  missing?: string;
  failed?: true;
}

export function scenarioReport({ scenario, measured }: ScenarioResult): ScenarioReport {
  const { name, title, plot, metrics, goals = [] } = scenario;
  const ours = measured.find((each) => each.name === OURS);
  return {
    name,
    title,
    ...(plot !== undefined && { plot }),
    metrics,
    rows: metrics.flatMap((metric) => measured.flatMap((each) => row(metric, each, ours))),
    goals: goals.map((goal) => judge(goal, metrics, measured)),
  };
}

/** None where a contender ran and knows nothing of this metric. */
function row(metric: Metric, of: Measured, ours: Measured | undefined): Row[] {
  const base = { contender: of.name, metric: metric.name };
  const values = of.values[metric.name] ?? [];
  const middle = typical(of, metric);
  if (of.missing !== undefined) {
    return [{ ...base, missing: of.missing, ...(of.failed && { failed: true as const }) }];
  }
  if (middle === undefined) return [];
  const here = isOurs(of.name) ? undefined : typical(ours, metric);
  return [{
    ...base,
    values,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    ...(here !== undefined && { ratio: ratio(metric, here, middle) }),
  }];
}

/** The cells of one row: contender, median with unit, spread, ratio. */
export function cells({ metrics }: ScenarioReport, row: Row): string[] {
  const unit = metrics.find(({ name }) => name === row.metric)?.unit ?? "";
  const what = metrics.length > 1 ? `${row.contender}: ${row.metric}` : row.contender;
  if (row.median === undefined) return [what, row.missing ?? "", "", ""];
  const { min = NaN, max = NaN, values = [] } = row;
  return [
    what,
    `${figure(row.median)} ${unit}`,
    values.length > 1 ? `${figure(min)} – ${figure(max)}` : "",
    row.ratio === undefined ? "" : `${figure(row.ratio)} ×`,
  ];
}

export function verdict({ text, measured, reached }: Verdict): string {
  return `${reached === null ? "?" : reached ? "reached" : "not reached"}: ${text} (${measured})`;
}

/** A scenario as lines for a terminal. */
export function table(report: ScenarioReport): string {
  const rows = report.rows.map((row) => cells(report, row));
  const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  const lines = rows.map(([what = "", ...figures]) =>
    `  ${what.padEnd(widths[0] ?? 0)}  ${
      figures.map((cell, i) => cell.padStart(widths[i + 1] ?? 0)).join("  ")
    }`.trimEnd()
  );
  const goals = report.goals.map((goal) => `  goal ${verdict(goal)}`);
  return [`${report.title} (${report.name})`, ...lines, ...goals].join("\n");
}
