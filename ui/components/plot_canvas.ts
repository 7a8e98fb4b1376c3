/** Draws a plot with uPlot. Loaded when the first plot is shown. */

import uPlot from "uplot";
import { clock } from "../format.ts";
import { drawn, type PlotData, type PlotTone } from "./plot_data.ts";

/** Pixels at the left for the values, the same for all plots, so that those above each other align. */
const VALUES_WIDTH = 58;
const TIMES_HEIGHT = 26;
const WHOLE_STEPS = [1, 2, 5].flatMap((step) =>
  [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => step * 10 ** n)
)
  .sort((a, b) => a - b);

export class PlotCanvas {
  readonly #plot: uPlot;
  readonly #resizing: ResizeObserver;
  readonly #host: HTMLElement;
  #data: PlotData;
  #colours: { [name: string]: string } = {};

  /**
   * @param host is filled by the plot, which takes its size, its font and its colours from it
   * @param sync plots with the same word have one cursor
   * @param onCursor is told at which time the cursor is; null when it has left
   */
  constructor(
    host: HTMLElement,
    data: PlotData,
    sync: string,
    onCursor: (index: number | null) => void,
  ) {
    this.#host = host;
    this.#data = data;
    this.#readColours();
    this.#plot = new uPlot(this.#options(sync, onCursor), columns(data), host);
    this.#resizing = new ResizeObserver(() => this.#plot.setSize(sizeOf(host)));
    this.#resizing.observe(host);
  }

  /** Whether data has the same series as what is drawn, so that `show` can take it. */
  fits({ kind, series }: PlotData): boolean {
    return kind === this.#data.kind && series.length === this.#data.series.length &&
      series.every(({ tone }, index) => tone === this.#data.series[index]?.tone);
  }

  show(data: PlotData): void {
    this.#data = data;
    this.#plot.setData(columns(data));
  }

  /** Takes the colours of another theme. */
  recolour(): void {
    this.#readColours();
    this.#plot.redraw();
  }

  close(): void {
    this.#resizing.disconnect();
    this.#plot.destroy();
  }

  /** A canvas knows no CSS: what tokens come to is read from an element that uses them. */
  #readColours(): void {
    const probe = document.createElement("i");
    probe.className = "plot-probe";
    this.#host.append(probe);
    const style = getComputedStyle(probe);
    this.#colours = { muted: style.color, line: style.borderTopColor };
    for (const { tone } of this.#data.series) {
      probe.dataset["tone"] = tone;
      this.#colours[tone] = style.color;
    }
    probe.remove();
  }

  #options(sync: string, onCursor: (index: number | null) => void): uPlot.Options {
    const font = `11px ${getComputedStyle(this.#host).fontFamily}`;
    const colour = (name: string) => () => this.#colours[name] ?? "";
    const { kind, series } = this.#data;
    const tones = series.map(({ tone }) => tone);
    // As in `drawn`: the tallest first.
    if (kind === "bars") tones.reverse();
    return {
      ...sizeOf(this.#host),
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: sync },
        drag: { x: false, y: false },
        y: false,
        points: { show: kind === "lines", size: 7 },
      },
      scales: {
        x: { range: () => [this.#data.from, this.#data.to] },
        y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
      },
      axes: [
        {
          stroke: colour("muted"),
          font,
          size: TIMES_HEIGHT,
          space: 64,
          grid: { show: false },
          ticks: { stroke: colour("line"), width: 1, size: 4 },
          values: (_, times) => times.map(timeLabel),
        },
        {
          stroke: colour("muted"),
          font,
          size: VALUES_WIDTH,
          space: 32,
          gap: 8,
          grid: { stroke: colour("line"), width: 1 },
          ticks: { show: false },
          incrs: this.#data.steps ?? WHOLE_STEPS,
          values: (_, values) => values.map((value) => this.#data.format(value)),
        },
      ],
      series: [{}, ...tones.map((tone) => look(kind, tone, colour(tone)))],
      hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)] },
    };
  }
}

function look(kind: PlotData["kind"], tone: PlotTone, colour: () => string): uPlot.Series {
  if (kind === "bars") {
    const paths = uPlot.paths.bars?.({ size: [0.72, 28], gap: 1 });
    return { fill: colour, width: 0, points: { show: false }, ...(paths && { paths }) };
  }
  // What is only there to compare with stands back.
  return {
    stroke: colour,
    width: 1.6,
    points: { size: 4 },
    ...(tone === "muted" && { dash: [4, 4] }),
  };
}

function columns(data: PlotData): uPlot.AlignedData {
  return [data.times, ...drawn(data)];
}

function sizeOf(host: HTMLElement): { width: number; height: number } {
  return { width: host.clientWidth, height: host.clientHeight };
}

/** The time of day; at midnight the day. */
function timeLabel(seconds: number): string {
  const time = new Date(seconds * 1000);
  const isMidnight = time.getHours() + time.getMinutes() + time.getSeconds() === 0;
  if (isMidnight) return time.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const text = clock(time.toISOString());
  return time.getSeconds() === 0 ? text.slice(0, 5) : text;
}
