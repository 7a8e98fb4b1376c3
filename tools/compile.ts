/**
 * Makes the executable: by `deno compile` or, where the base binary for that cannot be downloaded, as
 * a self-extracting one. Both take the same command line.
 *
 *     deno task compile [--output FILE]
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { packSelfExtracting } from "./self_extracting.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const THREAD = fileURLToPath(new URL("../jobs/thread.ts", import.meta.url));

/** What the program may do, as deno.json says it for running from source. */
const permissions = config.tasks.taskapp.command.split(" ")
  .filter((word) => word.startsWith("--allow-"));

const { output } = parseArgs({
  options: { output: { type: "string", short: "o", default: "taskapp" } },
}).values;

// A new file that then takes the place of the old one, which may be running.
const file = `${output}.new`;
await Deno.remove(file).catch(() => {});
const flags = [...permissions, "--no-prompt", "--no-check", "--include", THREAD];
const compiled = await deno("compile", ...flags, "--output", file, MAIN);
let how = "deno compile";
if (!compiled.success) {
  if (!compiled.stderr.includes("base binary")) {
    console.error(compiled.stderr);
    Deno.exit(1);
  }
  how = "packing Deno with it, since deno compile could not download its base binary";
  await makeSelfExtracting();
}
await Deno.rename(file, output);
console.log(`Made ${output} by ${how}`);

async function makeSelfExtracting(): Promise<void> {
  const dist = await Deno.makeTempDir({ prefix: "taskapp-compile-" });
  try {
    for (const [entry, name] of [[MAIN, "main.js"], [THREAD, "thread.js"]] as const) {
      const { success, stderr } = await deno("bundle", "--output", `${dist}/${name}`, entry);
      if (!success) throw new Error(`deno bundle failed: ${stderr}`);
    }
    await packSelfExtracting(file, { dist, version: config.version, permissions });
  } finally {
    await Deno.remove(dist, { recursive: true });
  }
}

async function deno(...args: string[]): Promise<{ success: boolean; stderr: string }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}
