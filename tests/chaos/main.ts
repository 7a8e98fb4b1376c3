/**
 * Breaks a taskapp of its own again and again, and says whether anything was lost:
 *
 *     deno task chaos --broker redis --minutes 10 --seed 42
 */

import process from "node:process";
import { Command, InvalidArgumentError, Option } from "commander";
import { stopSignal } from "../../lib/signals.ts";
import { describe, type Options, plan } from "./plan.ts";
import { chaos } from "./run.ts";
import { table } from "./table.ts";

function within(min: number, max: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = value >= min && value <= max && (!whole || Number.isInteger(value));
    if (text.trim() !== "" && fits) return value;
    throw new InvalidArgumentError(
      `must be a ${whole ? "whole " : ""}number from ${min} to ${max}.`,
    );
  };
}

const program = new Command("chaos")
  .description("Kills, stops and cuts off real processes, then counts what was lost or doubled")
  .addOption(new Option("-b, --broker <kind>").choices(["redis", "sqlite"]).default("redis"))
  .option(
    "-s, --seed <n>",
    "repeats the faults and the load of a run",
    within(0, 2 ** 32 - 1, true),
  )
  .option("-m, --minutes <n>", "how long faults happen", within(0.05, 24 * 60, false), 1)
  .option("-w, --workers <n>", "worker processes", within(1, 50, true), 3)
  .option("--servers <n>", "server processes", within(1, 20, true), 2)
  .option("-r, --rate <n>", "tasks a second", within(0.1, 5000, false), 30)
  .option("--plan", "print the faults of this seed and do nothing")
  .option("-q, --quiet", "do not print the faults as they happen")
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => Deno.exit(error.exitCode === 0 ? 0 : 2))
  .parse(process.argv);

const flags = program.opts<Partial<Options> & Options & { plan?: true; quiet?: true }>();
const options: Options = {
  ...flags,
  seed: flags.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
};
console.log(`seed ${options.seed}`);
if (flags.plan) {
  for (const fault of plan(options)) console.log(describe(fault));
} else {
  const stop = new AbortController();
  stopSignal().then(() => stop.abort());
  try {
    const report = await chaos(options, flags.quiet ? () => {} : console.log, stop.signal);
    console.log(table(report));
    Deno.exit(report.findings.length === 0 ? 0 : 1);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.log(`stopped; --seed ${options.seed} repeats it`);
    Deno.exit(130);
  }
}
