/** Has the program run tasks.ts in the place of jobs/tasks/mod.ts, where users list their tasks. */

import config from "../deno.json" with { type: "json" };
import { EXECUTABLE } from "../tests/program.ts";

const ROOT = new URL("..", import.meta.url);

export interface OwnTasks extends AsyncDisposable {
  /** Of Deno, before the program: an import map. */
  flags: string[];
}

/** @returns why it cannot, if so */
export function ownTasksMissing(): Promise<string | undefined> {
  return Promise.resolve(EXECUTABLE && "an executable cannot be given the task that is measured");
}

export async function ownTasks(): Promise<OwnTasks> {
  const file = await Deno.makeTempFile({ prefix: "taskapp-bench-", suffix: ".json" });
  const imports = {
    ...Object.fromEntries(Object.entries(config.imports).flatMap(withSubpaths)),
    [new URL("jobs/tasks/mod.ts", ROOT).href]: new URL("bench/tasks.ts", ROOT).href,
  };
  await Deno.writeTextFile(file, JSON.stringify({ imports }));
  return { flags: [`--import-map=${file}`], [Symbol.asyncDispose]: () => Deno.remove(file) };
}

/** What Deno does by itself for a deno.json: `hono/cookie` is found where `hono` is. */
function withSubpaths([name, target]: [string, string]): [string, string][] {
  const own: [string, string] = [name, new URL(target, ROOT).href];
  return target.startsWith("npm:") ? [own, [`${name}/`, `npm:/${target.slice(4)}/`]] : [own];
}
