/**
 * Pictures of what was measured: bars with their spread, one panel for each scenario, as SVG with its own
 * background, so that it can be read on a light page and on a dark one.
 */

import type { Row, ScenarioReport } from "./report.ts";
import { figure, isOurs } from "./statistics.ts";

const WIDTH = 760;
const LEFT = 210;
/** Room at the right for the figure of the longest bar. */
const RIGHT = 100;
const BAR = 18;
const STEP = 27;
const TITLE = 30;
const AXIS = 44;
const MARGIN = 16;

const STYLE = `
  .back { fill: #ffffff; } .title { fill: #1f2328; font-weight: 600; }
  text { fill: #3d444d; font: 13px system-ui, sans-serif; } .tick { font-size: 11px; }
  .ours { fill: #1a7f5a; } .peer { fill: #8c97a5; }
  .grid { stroke: #d9dee4; } .spread { stroke: #1f2328; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #15191f; } .title { fill: #e6edf3; } text { fill: #b6c0cb; }
    .ours { fill: #3fb98a; } .peer { fill: #67717e; }
    .grid { stroke: #2c333c; } .spread { stroke: #f0f3f6; }
  }`;

/** One picture of the first metrics of these scenarios. */
export function chart(reports: readonly ScenarioReport[]): string {
  const panels: string[] = [];
  let top = MARGIN;
  for (const report of reports) {
    const { svg, height } = panel(report, top);
    panels.push(svg);
    top += height + MARGIN;
  }
  const label = escape(reports.map(({ title }) => title).join("; "));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img" aria-label="${label}">
<style>${STYLE}
</style>
<rect class="back" width="${WIDTH}" height="${top}" rx="6"/>
${panels.join("\n")}
</svg>
`;
}

function panel(report: ScenarioReport, top: number): { svg: string; height: number } {
  const [metric] = report.metrics;
  const rows = report.rows.filter((row) => row.metric === metric?.name && row.median !== undefined);
  const ticks = scale(Math.max(0, ...rows.map(({ max = 0 }) => max)));
  const end = ticks.at(-1) || 1;
  const x = (value: number) => round(LEFT + (WIDTH - LEFT - RIGHT) * value / end);
  const first = top + TITLE;
  const bottom = first + rows.length * STEP;
  const unit = `${metric?.unit}${metric?.better === "less" ? ", less is better" : ""}`;
  const parts = [
    text(MARGIN, top + 14, report.title, "title"),
    ...ticks.map((value) =>
      `<path class="grid" d="M${x(value)} ${first - 4}V${bottom}"/>` +
      text(x(value), bottom + 14, figure(value), "tick", "middle")
    ),
    text(x(end / 2), bottom + 30, unit, "tick", "middle"),
    ...rows.map((row, i) => bar(row, first + i * STEP, x)),
  ];
  return { svg: parts.join("\n"), height: TITLE + rows.length * STEP + AXIS };
}

function bar(row: Row, y: number, x: (value: number) => number): string {
  const { contender, median = 0, min = median, max = median } = row;
  const middle = y + BAR / 2;
  const width = round(x(median) - LEFT);
  return text(LEFT - 10, middle + 4, contender, "", "end") +
    `<rect class="${
      isOurs(contender) ? "ours" : "peer"
    }" x="${LEFT}" y="${y}" width="${width}" height="${BAR}"/>` +
    `<path class="spread" d="M${x(min)} ${middle}H${x(max)}M${x(min)} ${middle - 4}v8M${x(max)} ${
      middle - 4
    }v8"/>` +
    text(x(max) + 8, middle + 4, figure(median));
}

/** Round numbers from 0 to the first that is not below `max`. */
function scale(max: number): number[] {
  const rough = max / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? 10 * power;
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, i) => i * step);
}

function text(x: number, y: number, of: string, style = "", anchor = "start"): string {
  return `<text x="${x}" y="${y}"${style && ` class="${style}"`} text-anchor="${anchor}">${
    escape(of)
  }</text>`;
}

function escape(of: string): string {
  return of.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
