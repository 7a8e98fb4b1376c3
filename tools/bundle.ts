import { dirname, relative, resolve } from "node:path";
import { deno, ROOT } from "./deno.ts";

/**
 * Puts a module and all that it imports into one JavaScript file. A source map beside it lets stack
 * traces name the sources, as in "taskapp:jobs/tasks/divide.ts:12:9".
 * @param entry seen from the project's folder
 * @param output the file; ".map" is added for the source map
 * @throws {Error} Deno's complaint
 */
export async function bundle(entry: string, output: string): Promise<void> {
  const args = ["bundle", "--sourcemap", "linked", "--output", output, `${ROOT}${entry}`];
  const { success, stderr } = await deno(args);
  if (!success) throw new Error(`deno bundle failed: ${stderr}`);
  // Each thread keeps the map; the sources' text in it would be half of a thread's memory.
  const { sourcesContent: _, ...map } = JSON.parse(await Deno.readTextFile(`${output}.map`));
  map.sources = map.sources.map((source: string) => nameOf(resolve(dirname(output), source)));
  await Deno.writeTextFile(`${output}.map`, JSON.stringify(map));
}

/** What to call a source, in the project or in an npm package, wherever it was on this machine. */
function nameOf(path: string): string {
  if (path.startsWith(ROOT)) return `taskapp:${relative(ROOT, path)}`;
  return path.replace(/^.*\/npm\/[^/]*\//, "npm:");
}
