/**
 * Makes the executable: by `deno compile` or, where the base binary for that cannot be downloaded, as
 * a self-extracting one. Both hold the same bundled program and the same permissions.
 *
 *     deno task compile [--output FILE] [--target TRIPLE]
 *
 * Where there is no git to ask, TASKAPP_COMMIT names the commit.
 */

import { dirname } from "node:path";
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { bundle } from "./bundle.ts";
import { deno, ROOT } from "./deno.ts";
import { packSelfExtracting } from "./self_extracting.ts";
import { downloadDeno, isTarget, type Target, TARGETS } from "./targets.ts";

/** What the program may do, as deno.json says it for running from source. */
const PERMISSIONS = config.tasks.taskapp.command.split(" ")
  .filter((word) => word.startsWith("--allow-"));

/** The bundled program. */
const FILES = ["main.js", "main.js.map", "thread.js", "thread.js.map"];

/** Ends the run with one line. */
class Failure extends Error {
  constructor(message: string, readonly exitCode = 1) {
    super(message);
  }
}

try {
  const { output, target } = await readOptions();
  const dist = await Deno.makeTempDir({ prefix: "taskapp-compile-" });
  try {
    const how = await make(output, target, dist);
    const where = output.includes("/") ? output : `./${output}`;
    const { size } = await Deno.stat(output);
    console.log(`Made ${where} for ${target} by ${how}, ${(size / 1e6).toFixed(1)} MB`);
  } finally {
    await Deno.remove(dist, { recursive: true });
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exit(error.exitCode);
}

async function readOptions(): Promise<{ output: string; target: Target }> {
  const { output, target } = parseOptions();
  if (!isTarget(target)) {
    const known = Object.keys(TARGETS).join(", ");
    throw new Failure(`--target "${target}" must be one of ${known}`, 2);
  }
  // Windows runs no file without this.
  const file = target.includes("windows") && !output.endsWith(".exe") ? `${output}.exe` : output;
  const found = await Deno.stat(file).catch(() => undefined);
  if (file === "" || file.endsWith("/") || found?.isDirectory) {
    throw new Failure(`--output "${file}" must name a file`, 2);
  }
  return { output: file, target };
}

function parseOptions(): { output: string; target: string } {
  try {
    return parseArgs({
      options: {
        output: { type: "string", short: "o", default: "taskapp" },
        target: { type: "string", default: Deno.build.target },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Failure(error.message, 2);
  }
}

/** @returns how it was made */
async function make(output: string, target: Target, dist: string): Promise<string> {
  await bundle("main.ts", `${dist}/main.js`);
  await bundle("jobs/thread.ts", `${dist}/thread.js`);
  const main = await Deno.readTextFile(`${dist}/main.js`);
  const commit = Deno.env.get("TASKAPP_COMMIT") || await gitCommit() || "unknown";
  const writeMain = (form: string) => {
    // What cli/version.ts reads; on the first line, because the source map counts lines.
    const build = `const TASKAPP_BUILD = ${JSON.stringify(`${commit}, ${form}`)}; `;
    return Deno.writeTextFile(`${dist}/main.js`, build + main);
  };

  await Deno.mkdir(dirname(output), { recursive: true });
  // A new file that then takes the place of the old one, which may be running.
  const file = `${output}.new${target.includes("windows") ? ".exe" : ""}`;
  await Deno.remove(file).catch(() => {});
  let how = "deno compile";
  await writeMain(how);
  if (!await denoCompile(file, target, dist)) {
    how = "packing Deno with it (self-extracting), as deno compile cannot download its base binary";
    await writeMain("self-extracting");
    await packSelfExtracting(file, {
      deno: await denoFor(target, `${dist}/deno`),
      dist,
      files: FILES,
      version: config.version,
      target,
      permissions: PERMISSIONS,
    });
  }
  await Deno.rename(file, output);
  return how;
}

/** @returns false if the base binary cannot be downloaded */
async function denoCompile(file: string, target: Target, dist: string): Promise<boolean> {
  const { success, stderr } = await deno([
    "compile",
    ...["--no-config", "--no-check", "--no-prompt"],
    // It would be code in /tmp, under a name that any user can take first.
    "--no-code-cache",
    ...PERMISSIONS,
    ...["--app-name", "taskapp"],
    ...["--target", target],
    ...FILES.flatMap((name) => ["--include", `${dist}/${name}`]),
    ...["--output", file],
    `${dist}/main.js`,
  ]);
  if (!success && !stderr.includes("base binary")) {
    throw new Failure(`deno compile failed: ${stderr}`);
  }
  return success;
}

/** The Deno to pack: this one, or the same version for another machine. */
async function denoFor(target: Target, dist: string): Promise<string> {
  if (target === Deno.build.target) return Deno.execPath();
  const name = TARGETS[target];
  const path = name && await downloadDeno(name, dist);
  if (path) return path;
  const another = name ? `, nor can the npm package ${name} ${Deno.version.deno}` : "";
  throw new Failure(`Deno's base binary for ${target} cannot be downloaded${another}`);
}

/** @returns nothing where these sources are no checkout, or git is missing */
async function gitCommit(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("git", {
      args: ["describe", "--always", "--dirty", "--exclude=*"],
      cwd: ROOT,
      // Not the repository of a folder that these sources happen to lie in.
      env: { GIT_CEILING_DIRECTORIES: dirname(ROOT) },
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
