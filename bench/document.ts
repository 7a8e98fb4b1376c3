/** What `--write` does: the figures in docs/performance.md, the data beside it, and the pictures. */

import { chart } from "./chart.ts";
import { cells, type Report, type ScenarioReport } from "./report.ts";

const DOCS = new URL("../docs/", import.meta.url);
const BEGIN = "<!-- figures: written by deno task bench --write -->";
const END = "<!-- end of figures -->";

/** Puts a report into the documentation. */
export async function writeDocument(report: Report): Promise<void> {
  const page = new URL("performance.md", DOCS);
  await Deno.writeTextFile(page, withFigures(await Deno.readTextFile(page), report));
  await Deno.writeTextFile(
    new URL("performance.json", DOCS),
    `${JSON.stringify(report, null, 2)}\n`,
  );
  for (const [word, reports] of plots(report)) {
    await Deno.writeTextFile(new URL(`images/${picture(word)}`, DOCS), chart(reports));
  }
}

/**
 * @param page the text of docs/performance.md
 * @returns it with the generated part made anew
 * @throws {Error} a marker is not there
 */
export function withFigures(page: string, report: Report): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`docs/performance.md needs ${BEGIN} … ${END}`);
  return `${page.slice(0, from)}${BEGIN}\n${figures(report)}\n${page.slice(to)}`;
}

/** The scenarios of each picture, by its word. */
export function plots({ scenarios }: Report): [string, ScenarioReport[]][] {
  const drawn = scenarios.filter(({ rows }) => rows.some(({ median }) => median !== undefined));
  const byWord = Map.groupBy(drawn, ({ plot }) => plot);
  return [...byWord].flatMap(([word, reports]) => word === undefined ? [] : [[word, reports]]);
}

function figures(report: Report): string {
  return [machineLines(report), goals(report), ...sections(report)].join("\n\n");
}

function machineLines({ at, seconds, machine }: Report): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${at.slice(0, 10)} with \`deno task bench --write\`, which took ${
      Math.round(seconds / 60)
    } minutes, on`,
    `${machine.cores} cores (${machine.cpu}) with ${machine.memoryGib} GiB and ${machine.kernel}, with`,
    `${versions.join(", ")}.`,
  ].join("\n");
}

function goals({ scenarios }: Report): string {
  const rows = scenarios.flatMap(({ title, goals }) =>
    goals.map(({ text, measured, reached }) => {
      const said = reached === null ? "" : reached ? "yes" : "**no**";
      return `| ${title} | ${text} | ${measured} | ${said} |`;
    })
  );
  if (rows.length === 0) return "";
  return ["| | goal | measured | reached |", "|---|---|---|---|", ...rows].join("\n");
}

/** Scenarios that share a picture stand under it. */
function sections(report: Report): string[] {
  const pictures = plots(report);
  const shown = new Set<string>();
  return report.scenarios.map((scenario) => {
    const word = scenario.plot;
    const drawn = pictures.find(([each]) => each === word)?.[1];
    const first = word !== undefined && drawn !== undefined && !shown.has(word);
    if (first) shown.add(word);
    const titles = drawn?.map(({ title }) => title).join("; ");
    return [
      ...(first ? [`![${titles}](images/${picture(word)})`, ""] : []),
      `**${scenario.title}** (\`--only ${scenario.name}\`)`,
      "",
      "| | median | min – max | ratio |",
      "|---|--:|--:|--:|",
      ...scenario.rows.map((row) => `| ${cells(scenario, row).join(" | ")} |`),
    ].join("\n");
  });
}

function picture(word: string): string {
  return `performance-${word}.svg`;
}
