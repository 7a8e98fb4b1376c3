/** Peers that run under Node: installed once, into a cache directory, in fixed versions. */

import { fileURLToPath } from "node:url";
import { output, tryOutput } from "../command.ts";

/** By the name on npm. ioredis is what BullMQ talks to Redis with. */
export const NODE_PACKAGES = { bullmq: "6.7.0", ioredis: "6.0.0", "bee-queue": "2.0.0" };

let installed: Promise<string | undefined> | undefined;

/** @returns why they cannot run, if so; else undefined, and they are installed */
export function nodeMissing(): Promise<string | undefined> {
  return installed ??= install();
}

/**
 * Runs a script of this folder with a request, for its answer.
 * @throws {Error} it failed
 */
export async function runNode<Answer = Record<string, number>>(
  script: string,
  request: Record<string, unknown>,
): Promise<Answer> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const env = { BENCH_PACKAGES: `${directory()}/`, NODE_ENV: "production" };
  return JSON.parse(await output("node", [path, JSON.stringify(request)], { env }));
}

/** Named for the versions, so that others are installed beside them. */
function directory(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return `${cache}/taskapp-bench/${specifiers().join("+")}`;
}

function specifiers(): string[] {
  return Object.entries(NODE_PACKAGES).map(([name, version]) => `${name}@${version}`);
}

async function install(): Promise<string | undefined> {
  // Deno puts itself in the place of a Node that is not there, and says another version.
  const version = await tryOutput("node", ["--version"]);
  if (!version?.startsWith("v")) return "Node is not installed";
  const into = directory();
  try {
    // Last of all, so that an installation that was cut off is made again.
    await Deno.stat(`${into}/installed`);
    return undefined;
  } catch {
    console.error(`Installing ${specifiers().join(", ")} in ${into}…`);
  }
  try {
    await Deno.mkdir(into, { recursive: true });
    await Deno.writeTextFile(`${into}/package.json`, "{}");
    await output("npm", ["install", "--no-audit", "--no-fund", ...specifiers()], { cwd: into });
    await Deno.writeTextFile(`${into}/installed`, "");
    return undefined;
  } catch (error) {
    return `npm cannot install it: ${error instanceof Error ? error.message : error}`;
  }
}
