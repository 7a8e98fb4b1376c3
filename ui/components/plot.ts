/**
 * Figures over time: a plot with its values at the cursor, and the same as a table. A page with plots
 * has the styles `plot` and `uplot`.
 */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { clock, moment } from "../format.ts";
import { watchTheme } from "../theme.ts";
import { Button } from "./button.ts";
import { Card } from "./page.ts";
import type { PlotCanvas } from "./plot_canvas.ts";
import { inWords, lastIndex, type PlotData } from "./plot_data.ts";

interface PlotProps {
  title: string;
  data: PlotData;
  /** What is shown where there are no figures. */
  nothing?: string;
}

/** All plots of a page have one cursor. */
const SYNC = "time";
/** Seconds. */
const DAY = 86_400;

export function Plot({ title, data, nothing = "There are no figures of this time." }: PlotProps) {
  const asTable = useSignal(false);
  const cursor = useSignal<number | null>(null);
  const last = lastIndex(data);
  const at = cursor.value ?? last;
  const time = at === null ? undefined : data.times[at];
  return html`
    <${Card}
      title=${title}
      class="plot"
      actions=${html`
        <span class="plot-time muted">
          ${cursor.value !== null && time !== undefined &&
            timeOf(time, data)}
        </span>
        <${Button}
          kind="bare"
          size="small"
          icon="table"
          label=${`Show "${title}" as a table`}
          pressed=${asTable.value}
          onClick=${() => asTable.value = !asTable.value}
        />
      `}
    >
      <ul class="plot-keys">
        ${data.series.map(({ label, tone, values }) => {
          const value = at === null ? null : values[at] ?? null;
          return html`
            <li key=${label} data-tone=${tone}>
              <span class="plot-key"></span><span class="plot-label" title=${label}>${label}</span>
              <strong>${value === null ? "–" : data.format(value)}</strong>
            </li>
          `;
        })}
      </ul>
      ${last === null
        ? html`<p class="plot-nothing muted">${nothing}</p>`
        : asTable.value
        ? html`<${PlotTable} title=${title} data=${data} />`
        : html`
          <${Drawing}
            title=${title}
            data=${data}
            onCursor=${(index: number | null) => cursor.value = index}
            onFailure=${() => asTable.value = true}
          />
        `}
    <//>
  `;
}

/** The time of day, with the day where there are several. */
function timeOf(seconds: number, { from, to }: PlotData): string {
  const iso = new Date(seconds * 1000).toISOString();
  return to - from > DAY ? moment(iso) : clock(iso);
}

interface DrawingProps {
  title: string;
  data: PlotData;
  onCursor(index: number | null): void;
  /** It cannot be drawn. */
  onFailure(): void;
}

function Drawing({ title, data, onCursor, onFailure }: DrawingProps) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<PlotCanvas | null>(null);
  const newest = useRef(data);
  newest.current = data;
  const isShown = useRef(true);

  const draw = async () => {
    try {
      const { PlotCanvas } = await import("./plot_canvas.ts");
      if (!isShown.current || !host.current) return;
      if (canvas.current?.fits(newest.current)) return canvas.current.show(newest.current);
      canvas.current?.close();
      canvas.current = new PlotCanvas(host.current, newest.current, SYNC, onCursor);
    } catch (error) {
      console.info("Plots cannot be drawn:", error);
      onFailure();
    }
  };
  useEffect(() => void draw(), [data]);
  useEffect(() => {
    const stop = watchTheme(() => canvas.current?.recolour());
    return () => {
      isShown.current = false;
      stop();
      canvas.current?.close();
      onCursor(null);
    };
  }, []);

  return html`
    <div class="plot-canvas" role="img" aria-label=${`${title}. ${
      inWords(data)
    }`} ref=${host}></div>
  `;
}

/** The newest first. */
function PlotTable({ title, data }: { title: string; data: PlotData }) {
  const { times, series, format } = data;
  const known = times.flatMap((time, at) =>
    series.some(({ values }) => (values[at] ?? null) !== null) ? [{ time, at }] : []
  );
  return html`
    <div class="plot-table" tabindex="0" role="region" aria-label=${`${title} as a table`}>
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            ${series.map(({ label }) => html`<th key=${label} scope="col">${label}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${known.reverse().map(({ time, at }) =>
            html`
              <tr key=${time}>
                <th scope="row">${timeOf(time, data)}</th>
                ${series.map(({ label, values }) => {
                  const value = values[at] ?? null;
                  return html`<td key=${label}>${value === null ? "–" : format(value)}</td>`;
                })}
              </tr>
            `
          )}
        </tbody>
      </table>
    </div>
  `;
}
