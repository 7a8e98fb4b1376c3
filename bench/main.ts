/**
 * Measures taskapp beside its peers, and what it costs, on this machine:
 *
 *     deno task bench --only noop
 */

import process from "node:process";
import { Command } from "commander";
import { writeDocument } from "./document.ts";
import { makeExecutable } from "./executable.ts";
import { machine } from "./machine.ts";
import { type Report, scenarioReport, table } from "./report.ts";
import { runScenario } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios/mod.ts";

interface Flags {
  quick?: true;
  only?: string[];
  json?: string;
  write?: true;
}

const program = new Command("bench")
  .description("Measures taskapp beside BullMQ, bee-queue and Celery, and what it costs itself")
  .option("--quick", "one round and fewer tasks: for a look, not for figures")
  .option(
    "--only <words>",
    "scenarios by name, or by how their names begin: noop-4,enqueue",
    (words: string) => words.split(","),
  )
  .option("--json <file>", "write what was measured to a file as well")
  .option("--write", "put it into docs/performance.md, with its data and pictures")
  .addHelpText("after", () => `\nScenarios:\n${scenarios.map(inHelp).join("\n")}`)
  .allowExcessArguments(false)
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => Deno.exit(error.exitCode === 0 ? 0 : 2))
  .parse(process.argv);

const flags = program.opts<Flags>();
if (flags.write && (flags.quick || flags.only)) {
  program.error("error: --write is for a whole run: leave out --quick and --only");
}
const chosen = choose(flags);
await using _executable = await makeExecutable();
const at = new Date().toISOString();
const started = performance.now();
const report: Report = {
  at,
  seconds: 0,
  quick: flags.quick ?? false,
  machine: await machine(),
  scenarios: [],
};
const { cpu, cores, memoryGib, kernel, versions } = report.machine;
console.log(`${cores} cores (${cpu}), ${memoryGib} GiB, ${kernel}`);
console.log(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", "));
for (const scenario of chosen) {
  const result = await runScenario(scenario, report.quick, (line) => console.error(line));
  const entry = scenarioReport(result);
  report.scenarios.push(entry);
  console.log(`\n${table(entry)}`);
}
report.seconds = Math.round((performance.now() - started) / 1000);
if (flags.json) await Deno.writeTextFile(flags.json, `${JSON.stringify(report, null, 2)}\n`);
if (flags.write) await writeDocument(report);
const failed = report.scenarios.some(({ rows }) => rows.some((row) => row.failed));
if (failed) Deno.exitCode = 1;

function inHelp({ name, title, slow }: Scenario): string {
  return `  ${name.padEnd(20)} ${title}${slow ? " (not with --quick)" : ""}`;
}

function choose({ only, quick }: Flags): Scenario[] {
  if (!only) return scenarios.filter(({ slow }) => !(quick && slow));
  const fits = (scenario: Scenario, word: string) =>
    scenario.name === word || scenario.name.startsWith(`${word}-`);
  const unknown = only.find((word) => !scenarios.some((scenario) => fits(scenario, word)));
  if (unknown !== undefined) {
    const names = scenarios.map(({ name }) => name).join(", ");
    program.error(`error: --only ${unknown}: there is no such scenario; there are ${names}`);
  }
  return scenarios.filter((scenario) => only.some((word) => fits(scenario, word)));
}
