import { dirname, relative, resolve } from "node:path";
import { decode, encode } from "@jridgewell/sourcemap-codec";
import { deno, ROOT } from "./deno.ts";

/** What names of our own sources begin with. */
const OWN = "taskapp:";

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
  // What is left in comments. One such letter would have V8 keep the whole text in twice the space.
  const text = await Deno.readTextFile(output);
  await Deno.writeTextFile(output, text.replace(/[^\0-\x7f]/g, escape));
  // Each thread keeps the map: with the sources' text, and every word of the libraries, that would be
  // half of its memory.
  const { sourcesContent: _, ...map } = JSON.parse(await Deno.readTextFile(`${output}.map`));
  const sources: string[] = map.sources.map((source: string) =>
    nameOf(resolve(dirname(output), source))
  );
  map.sources = sources;
  map.mappings = shorten(map.mappings, (source) => sources[source]?.startsWith(OWN) ?? false);
  await Deno.writeTextFile(`${output}.map`, JSON.stringify(map));
}

/** Leaves of what is not our own one place per line: a stack trace needs no more. */
function shorten(mappings: string, isOwn: (source: number) => boolean): string {
  const lines = decode(mappings).map((places) => {
    const first = places.find(([, source]) => source !== undefined && !isOwn(source));
    return places.filter((place) => place === first || place[1] !== undefined && isOwn(place[1]));
  });
  return encode(lines);
}

function escape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What to call a source, in the project or in an npm package, wherever it was on this machine. */
function nameOf(path: string): string {
  if (path.startsWith(ROOT)) return `${OWN}${relative(ROOT, path)}`;
  return path.replace(/^.*\/npm\/[^/]*\//, "npm:");
}
