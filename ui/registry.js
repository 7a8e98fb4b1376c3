/**
 * How modules find each other that come many in one file: see routes/page_modules.ts. Each runs once,
 * when it is first needed.
 */

const makers = new Map();
const made = new Map();

/** Takes in modules by path; what is there already stays. */
export function define(modules) {
  for (const [path, make] of Object.entries(modules)) {
    if (!makers.has(path)) makers.set(path, make);
  }
}

/** What a module exports. */
function need(path) {
  if (!made.has(path)) {
    const exports = {};
    makers.get(path)(exports, need, load, { url: new URL(path, import.meta.url).href });
    made.set(path, exports);
  }
  return made.get(path);
}

/** Fetches the file of a module, and answers what it exports. */
async function load(path) {
  if (!makers.has(path)) await import(new URL(`${path}.js`, import.meta.url).href);
  return need(path);
}
