/** What a report says of the values that were measured. */

import type { Goal, Metric } from "./scenario.ts";

/** The contender that ratios and goals are of. */
export const OURS = "taskapp";

/** Whether a contender is that one, or another way of using it, such as "taskapp, async". */
export function isOurs(name: string): boolean {
  return name === OURS || name.startsWith(`${OURS},`);
}

/** What became of one contender in a scenario. */
export interface Measured {
  name: string;
  /** A value for each round, by metric; none where it did not run. */
  values: Record<string, number[]>;
  /** Why it did not run, or did not finish. */
  missing?: string;
  /** It should have run. */
  failed?: true;
}

export interface Verdict {
  text: string;
  /** In words, such as "7.2 times". */
  measured: string;
  /** Null where a contender did not run. */
  reached: boolean | null;
}

/** @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** The median of a metric; undefined where it was not measured. */
export function typical(of: Measured | undefined, metric: Metric): number | undefined {
  const values = of?.values[metric.name] ?? [];
  return values.length > 0 ? median(values) : undefined;
}

/**
 * How many times as good one value is as another: twice as many a second, or half the time, are both 2.
 */
export function ratio(metric: Metric, ours: number, theirs: number): number {
  return metric.better === "more" ? ours / theirs : theirs / ours;
}

/** Whether the medians reach a goal. */
export function judge(goal: Goal, metrics: readonly Metric[], all: readonly Measured[]): Verdict {
  const metric = goal.metric ? metrics.find(({ name }) => name === goal.metric) : metrics[0];
  if (!metric) throw new TypeError(`${goal.text}: there is no metric ${goal.metric}`);
  const { text, against, atMost = Infinity, atLeast = -Infinity } = goal;
  const of = (name: string) => typical(all.find((each) => each.name === name), metric);
  const ours = of(OURS);
  const unknown = { text, measured: "not measured", reached: null };
  if (ours === undefined) return unknown;
  if (against === undefined) {
    const reached = ours <= atMost && ours >= atLeast;
    return { text, measured: `${figure(ours)} ${metric.unit}`, reached };
  }
  const theirs = of(against);
  if (theirs === undefined) return unknown;
  const times = ratio(metric, ours, theirs);
  return { text, measured: `${figure(times)} times`, reached: times >= (goal.ratio ?? 1) };
}

/** With three significant digits, or all of those before the point. */
export function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}
