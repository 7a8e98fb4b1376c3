/** What plots show, before it is drawn: also in words, for who does not see the canvas. Pure. */

/** Colours of plots: those with a meaning, and others for what only has to be told apart. */
export type PlotTone =
  | "good"
  | "bad"
  | "warn"
  | "accent"
  | "muted"
  | "one"
  | "two"
  | "three"
  | "four"
  | "five"
  | "six";

export interface Series {
  label: string;
  tone: PlotTone;
  /** One for each time; null is a gap. */
  values: (number | null)[];
}

export interface PlotData {
  kind: "lines" | "bars";
  /** Unix seconds, ascending. */
  times: number[];
  series: Series[];
  /** What the time axis spans, in Unix seconds. */
  from: number;
  to: number;
  /** How a value is said, with its unit. */
  format(value: number): string;
  /** How far apart the lines of the value axis may be; steps of 1, 2 and 5 without. */
  steps?: number[];
}

/** The columns that are drawn, in their order: bars stand on each other, so the tallest come first. */
export function drawn({ kind, series }: PlotData): (number | null)[][] {
  if (kind === "lines") return series.map(({ values }) => values);
  const columns: (number | null)[][] = [];
  for (const { values } of series) {
    const below = columns[0];
    columns.unshift(values.map((value, at) => value === null ? null : value + (below?.[at] ?? 0)));
  }
  return columns;
}

/** The index of the last time that has a value; null where there is none. */
export function lastIndex({ times, series }: PlotData): number | null {
  const at = times.findLastIndex((_, index) => series.some(({ values }) => has(values[index])));
  return at < 0 ? null : at;
}

/** What a plot shows, in a sentence for each series. */
export function inWords({ series, format }: PlotData): string {
  return series.map(({ label, values }) => {
    const known = values.filter(has);
    const last = known.at(-1);
    if (last === undefined) return `${label}: nothing`;
    return `${label}: now ${format(last)}, at most ${format(Math.max(...known))}`;
  }).join(". ");
}

function has(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}
