/**
 * Puts modules together into few files, because a browser takes longer to ask for fifty than to run
 * them. Each becomes a function in the registry of `ui/registry.js`; lines stay lines, so that a source
 * map of whole lines tells a developer where a line comes from.
 */

import { type DirectExport, type Import, parse } from "es-module-lexer/js";

/** A module as its function's body, and what else has to be there. */
interface Linked {
  body: string;
  /** Paths that have to be there before it runs. */
  needs: string[];
  /** Paths that it loads later by `import()`. */
  loads: string[];
}

/** A file of modules, and where its lines come from. */
export interface ModuleFile {
  code: string;
  map: string;
}

export class Modules {
  readonly #linked = new Map<string, Linked>();

  /**
   * @param sources JavaScript by path; relative imports hold between them
   * @param packages paths of packages by the name under which they are imported
   */
  constructor(
    private readonly sources: Map<string, string>,
    private readonly packages: Map<string, string>,
  ) {}

  /** A module and all that it needs, what is needed first; what it loads later is not among them. */
  closure(start: string): string[] {
    const found = new Set<string>();
    const visit = (path: string, way: string[]) => {
      if (way.includes(path)) {
        throw new TypeError(`Modules import each other in a circle: ${[...way, path].join(" → ")}`);
      }
      if (found.has(path)) return;
      for (const needed of this.#link(path).needs) visit(needed, [...way, path]);
      found.add(path);
    };
    visit(start, []);
    return [...found];
  }

  /** What some modules load later. */
  loads(paths: string[]): string[] {
    return [...new Set(paths.flatMap((path) => this.#link(path).loads))];
  }

  /** One file that defines some modules, between two pieces of code. */
  file(paths: string[], before: string, after: string): ModuleFile {
    let code = `${before}\ndefine({\n`;
    const sections = [];
    for (const path of paths) {
      code += `${JSON.stringify(path)}($exports, $need, $load, $meta) {\n`;
      const { body } = this.#link(path);
      const lines = body.split("\n").length;
      sections.push({
        offset: { line: code.split("\n").length - 1, column: 0 },
        map: {
          version: 3,
          sources: [path],
          sourcesContent: [this.sources.get(path)],
          names: [],
          mappings: `AAAA${";AACA".repeat(lines - 1)}`,
        },
      });
      code += `${body}\n},\n`;
    }
    return { code: `${code}});\n${after}`, map: JSON.stringify({ version: 3, sections }) };
  }

  #link(path: string): Linked {
    let linked = this.#linked.get(path);
    if (!linked) this.#linked.set(path, linked = this.#rewrite(path));
    return linked;
  }

  #rewrite(path: string): Linked {
    const source = this.sources.get(path) ?? "";
    const [imports, exports] = parse(source, path);
    const needs: string[] = [];
    const loads: string[] = [];
    const edits: Edit[] = [];
    for (const each of imports) {
      const target = each.specifier ? this.#resolve(each.specifier, path) : "";
      if (each.type === "static") needs.push(target);
      if (each.type === "dynamic") loads.push(target);
      edits.push({
        start: each.importStart,
        end: each.importEnd,
        text: rewriteImport(each, source, target, path),
      });
    }
    let tail = "";
    for (const each of exports) {
      if (each.type === "reexport-all") throw unknownForm(path, "export *");
      if (each.type === "reexport") {
        const from = `$need(${JSON.stringify(this.#resolve(each.from, path))})`;
        tail += `$exports.${each.name} = ${from}${each.importName ? `.${each.importName}` : ""}; `;
      } else {
        edits.push(exportEdit(each, source, path));
        if (each.localName) tail += `$exports.${each.name} = ${each.localName}; `;
      }
    }
    return { body: `${apply(source, edits)}\n;${tail}`, needs, loads };
  }

  #resolve(specifier: string, from: string): string {
    const target = specifier.startsWith(".")
      ? new URL(specifier, `file:///${from}`).pathname.slice(1)
      : this.packages.get(specifier) ?? specifier;
    if (!this.sources.has(target)) {
      throw new TypeError(`${from} imports ${target}: list it in ui/assets`);
    }
    return target;
  }
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Each place is edited once, and each edit leaves the number of lines as it is. */
function apply(source: string, edits: Edit[]): string {
  let text = "";
  let at = 0;
  for (const { start, end, text: replacement } of edits.sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    const lines = lineEnds(source.slice(start, end)) - lineEnds(replacement);
    text += source.slice(at, start) + replacement + "\n".repeat(lines);
    at = end;
  }
  return text + source.slice(at);
}

function lineEnds(text: string): number {
  return text.split("\n").length - 1;
}

function rewriteImport(each: Import, source: string, target: string, path: string): string {
  if (each.type === "import-meta") return "$meta";
  const from = JSON.stringify(target);
  if (each.type === "dynamic" && each.specifier) return `$load(${from})`;
  const statement = source.slice(each.importStart, each.importEnd);
  if (each.type === "static") {
    const [, names] = /^import\s*([^"']*?)\s*from\s*["']/.exec(statement) ?? [];
    // What it exports again stands at the end.
    if (/^export\b/.test(statement) || /^import\s*["']/.test(statement)) return `$need(${from})`;
    if (names?.startsWith("{")) return `const ${names.replace(/\sas\s/g, ": ")} = $need(${from})`;
    if (names?.startsWith("*")) return `const ${names.replace(/^\*\s*as\s/, "")} = $need(${from})`;
    if (names && /^[\w$]+$/.test(names)) return `const { default: ${names} } = $need(${from})`;
  }
  throw unknownForm(path, statement);
}

/** Takes `export` away; what is exported stands at the end. */
function exportEdit({ exportStart, localName }: DirectExport, source: string, path: string): Edit {
  const rest = source.slice(exportStart);
  const [form] =
    /^export\s*(?:\{[^}]*\}|default\b|(?=(?:async|function|const|class)\b))/.exec(rest) ??
      [];
  if (form === undefined) throw unknownForm(path, rest.slice(0, 40));
  const text = form.endsWith("default") && !localName ? "$exports.default =" : "";
  return { start: exportStart, end: exportStart + form.length, text };
}

function unknownForm(path: string, form: string): SyntaxError {
  return new SyntaxError(`${path} imports or exports in a way that is not known here: ${form}`);
}
