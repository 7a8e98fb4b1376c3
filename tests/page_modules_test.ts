/** Modules put together run as they would one by one. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { Modules } from "../routes/page_modules.ts";
import registry from "../ui/registry.js" with { type: "text" };

function modules(sources: { [path: string]: string }, packages: { [name: string]: string } = {}) {
  return new Modules(new Map(Object.entries(sources)), new Map(Object.entries(packages)));
}

/** What a file exports that consists of the modules that one of them needs. */
async function run(sources: { [path: string]: string }, packages = {}): Promise<unknown> {
  const put = modules(sources, packages);
  const { code } = put.file(put.closure("a.js"), registry, 'export const result = need("a.js");');
  const dir = await mkdtemp(`${tmpdir()}/taskapp-modules-`);
  try {
    await Deno.writeTextFile(`${dir}/first.js`, code);
    const { result } = await import(pathToFileURL(`${dir}/first.js`).href);
    return result;
  } finally {
    await rm(dir, { recursive: true });
  }
}

Deno.test("imports and exports of every form that is used find each other", async () => {
  const result = await run({
    "a.js": `
const need = 1, load = 2, exports = 3, meta = 4; // names of its own
import {
  b,
  c as other,
} from "./lib/b.js";
import * as all from "./lib/b.js";
import made from "made";
import "./effect.js";
export { b as again } from "./lib/b.js";
const text = 'import { x } from "./no.js"; export { y }';
export const list = [b, other, all.f(), made(1), globalThis.effect, text];
export function f() { return "f"; }
export async function g() {}
export class K {}
const local = "renamed";
export { local as name, K as default };
`,
    "lib/b.js":
      'export const b = "b";\nconst q = "c";\nexport{q as c};export function f(){return b}',
    "effect.js": 'globalThis.effect = "effect";',
    "npm/made.js": "export default function(n){return n+1}",
  }, { made: "npm/made.js" }) as { [name: string]: unknown };
  assertEquals(result["list"], [
    "b",
    "c",
    "b",
    2,
    "effect",
    'import { x } from "./no.js"; export { y }',
  ]);
  assertEquals(result["again"], "b");
  assertEquals(result["name"], "renamed");
  assertEquals(result["default"], result["K"]);
  assertEquals(typeof result["g"], "function");
});

Deno.test("a module runs once, after those that it needs, and what it loads later is not among them", async () => {
  const sources = {
    "a.js":
      'import "./b.js";\nimport "./c.js";\nglobalThis.order += "a";\nexport const later = () => import("./d.js");',
    "b.js": 'import "./c.js";\nglobalThis.order += "b";',
    "c.js": 'globalThis.order = (globalThis.order ?? "") + "c";',
    "d.js": "",
  };
  await run(sources);
  assertEquals(Reflect.get(globalThis, "order"), "cba");
  const put = modules(sources);
  assertEquals(put.closure("a.js"), ["c.js", "b.js", "a.js"]);
  assertEquals(put.loads(put.closure("a.js")), ["d.js"]);
});

Deno.test("what cannot be put together is refused with a sentence", () => {
  const refused = (sources: { [path: string]: string }, message: string) => {
    const error = assertThrows(() => {
      const put = modules(sources);
      put.file(put.closure("a.js"), "", "");
    }, Error);
    assertStringIncludes(error.message, message);
  };
  refused({ "a.js": 'import "./b.js";', "b.js": 'import "./a.js";' }, "a.js → b.js → a.js");
  refused({ "a.js": 'import "./b.js";' }, "a.js imports b.js: list it in ui/assets");
  refused({ "a.js": "export let a = 1;" }, "a way that is not known here: export let");
  refused({ "a.js": 'export * from "./b.js";', "b.js": "" }, "export *");
});

Deno.test("each line is where its source map says", () => {
  const source = 'import {\n  b,\n} from "./b.js";\nexport const a =\n  b;\n';
  const put = modules({ "a.js": source, "b.js": "export const b = 1;" });
  const { code, map } = put.file(put.closure("a.js"), "// before\n// it", "");
  const { sections } = JSON.parse(map);
  const lines = code.split("\n");
  for (const { offset, map: { sourcesContent: [content] } } of sections) {
    for (const [index, line] of content.split("\n").entries()) {
      const said = line.replace(/^(import|export) ?/, "").replace(/from.*/, "").trim();
      assertStringIncludes(lines[offset.line + index] ?? "", said);
    }
  }
});
