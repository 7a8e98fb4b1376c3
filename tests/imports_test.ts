import { assertEquals } from "@std/assert";
import { page } from "../routes/page.ts";

/** Who may import whom: a folder imports from itself and from those named. */
const MAY_IMPORT: Record<string, string[]> = {
  "main.ts": ["cli", "jobs", "lib"],
  cli: ["routes", "jobs", "lib", "deno.json"],
  routes: ["jobs", "lib", "ui"],
  jobs: ["lib"],
  lib: [],
  ui: ["jobs/wire.ts"],
};

/** Libraries with one home, so that they can be exchanged there. */
const HOMES: Record<string, string> = {
  ioredis: "jobs/redis/",
  "node:sqlite": "jobs/sqlite/",
  commander: "cli/",
  croner: "jobs/schedule_times.ts",
  hono: "routes/",
  "prom-client": "routes/",
};
const MAY_USE_TOO: Record<string, string[]> = { commander: ["main.ts"] };

const ROOT = new URL("..", import.meta.url).pathname;

async function* sources(path: string): AsyncGenerator<string> {
  if (path.endsWith(".ts")) yield path;
  else if (!path.includes(".")) {
    for await (const entry of Deno.readDir(ROOT + path)) yield* sources(`${path}/${entry.name}`);
  }
}

const FIXED_IMPORT = /^\s*(?:import|export)\b[^"';(]*?["']([^"']+)["']/gm;
const DYNAMIC_IMPORT = /\bimport\(["']([^"']+)["']\)/g;

function imports(text: string): string[] {
  return [...text.matchAll(FIXED_IMPORT), ...text.matchAll(DYNAMIC_IMPORT)]
    .map(([, specifier = ""]) => specifier);
}

Deno.test("imports run downward only, and each library stays in its home", async () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const [layer, allowed] of Object.entries(MAY_IMPORT)) {
    for await (const file of sources(layer)) {
      for (const specifier of imports(await Deno.readTextFile(ROOT + file))) {
        seen++;
        if (specifier.startsWith(".")) {
          const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
          const fine = [layer, ...allowed].some((each) =>
            target === each || target.startsWith(`${each}/`)
          );
          if (!fine) wrong.push(`${file} imports ${target}`);
        }
        const library = specifier.split("/")[0] ?? "";
        const home = HOMES[library];
        if (home && !file.startsWith(home) && !MAY_USE_TOO[library]?.includes(file)) {
          wrong.push(`${file} uses ${library}`);
        }
      }
    }
  }
  assertEquals(wrong, []);
  assertEquals(seen > 100, true, `only ${seen} imports were looked at`);
});

/** What is loaded with a file, in the end, but for what it imports while it runs. */
async function loadedWith(file: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(file)) return found;
  found.add(file);
  if (!file.endsWith(".ts")) return found;
  const text = await Deno.readTextFile(ROOT + file);
  for (const [line, specifier = ""] of text.matchAll(FIXED_IMPORT)) {
    if (/^\s*(import|export) type /.test(line)) continue;
    if (!specifier.startsWith(".")) found.add(specifier);
    else await loadedWith(new URL(specifier, `file:///${file}`).pathname.slice(1), found);
  }
  return found;
}

Deno.test("a command loads what it needs", async () => {
  const heavy = ["hono", "@hono/zod-openapi", "ioredis", "node:sqlite", "zod"];
  const of = async (file: string) => {
    const loaded = await loadedWith(file);
    return heavy.filter((library) => loaded.has(library));
  };
  assertEquals(await of("main.ts"), []);
  assertEquals(await of("cli/work.ts"), ["ioredis", "node:sqlite", "zod"]);
  assertEquals(await of("jobs/thread.ts"), ["zod"]);
});

Deno.test("the modules of the page can be put together: none is unlisted, and none imports itself around a circle", async () => {
  assertEquals((await page().request("/")).status, 200);
});
