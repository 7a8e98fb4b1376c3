/**
 * The executable that is measured: made as users make theirs, and with the task that is measured among
 * its tasks, as users add one.
 */

import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { output, tryOutput } from "./command.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** All that is needed to make it. */
const SOURCES = [
  "main.ts",
  "deno.json",
  "deno.lock",
  "cli",
  "jobs",
  "lib",
  "routes",
  "ui",
  "tools",
  "bench",
];
const TASKS = `
import { bench } from "../../bench/tasks.ts";
import { tasks as usual } from "./usual.ts";

export const tasks = [...usual, bench];
`;

/**
 * Makes it, for every program that this process starts from now on.
 * @returns to be disposed of at the end, with all that belongs to it
 */
export async function makeExecutable(): Promise<AsyncDisposable> {
  const dir = await Deno.makeTempDir({ prefix: "taskapp-bench-" });
  const made = { [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }) };
  try {
    const commit = await tryOutput("git", ["-C", ROOT, "describe", "--always", "--dirty"]) ?? "";
    const source = `${dir}/source`;
    for (const name of SOURCES) await cp(ROOT + name, `${source}/${name}`, { recursive: true });
    await Deno.rename(`${source}/jobs/tasks/mod.ts`, `${source}/jobs/tasks/usual.ts`);
    await Deno.writeTextFile(`${source}/jobs/tasks/mod.ts`, TASKS);
    const file = `${dir}/taskapp`;
    await output(
      Deno.execPath(),
      ["task", "-q", "compile", "--output", file],
      { cwd: source, env: { TASKAPP_COMMIT: commit } },
    );
    Deno.env.set("TASKAPP_EXECUTABLE", file);
    Deno.env.set("TASKAPP_CACHE_DIR", `${dir}/cache`);
    return made;
  } catch (error) {
    await made[Symbol.asyncDispose]();
    throw error;
  }
}
