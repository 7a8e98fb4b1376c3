/** Hiding values of fields whose names say that they are nobody's business. */

import type { Json } from "./wire.ts";

/** What stands in the place of a hidden value. */
export const MASK = "••••";

/** A value is not looked into deeper than this: what is there is hidden. */
const MAX_DEPTH = 100;

export class Mask {
  readonly #names: RegExp;

  /** @param names of fields, upper and lower case alike; `*` stands for any characters */
  constructor(readonly names: string[]) {
    const patterns = names.map((name) =>
      name.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")
    );
    this.#names = new RegExp(`^(?:${patterns.join("|")})$`, "isu");
  }

  hides(name: string): boolean {
    return this.#names.test(name);
  }

  /** The value with what is hidden replaced; itself where nothing is. */
  value(value: Json, depth = 0): Json {
    if (typeof value !== "object" || value === null) return value;
    if (depth > MAX_DEPTH) return MASK;
    if (Array.isArray(value)) {
      const items = value.map((item) => this.value(item, depth + 1));
      return items.some((item, i) => item !== value[i]) ? items : value;
    }
    let changed = false;
    const fields = Object.entries(value).map(([name, field]) => {
      const shown = this.hides(name) ? MASK : this.value(field, depth + 1);
      changed ||= shown !== field;
      return [name, shown] as const;
    });
    return changed ? Object.fromEntries(fields) : value;
  }

  /**
   * The same for JSON text, also one that was cut off.
   * @returns text that need not be JSON where it was cut
   */
  text(json: string): string {
    let shown = "";
    let from = 0;
    // A name is a string before a colon; the strings in between are skipped whole.
    const strings = /"((?:[^"\\]|\\.)*)"(\s*:\s*)?/gs;
    for (let match = strings.exec(json); match; match = strings.exec(json)) {
      const [, name = "", colon] = match;
      if (colon === undefined || !this.hides(unescaped(name))) continue;
      const end = endOfValue(json, strings.lastIndex);
      shown += `${json.slice(from, strings.lastIndex)}"${MASK}"`;
      from = strings.lastIndex = end;
    }
    return shown + json.slice(from);
  }

  /** Puts back what was hidden where a value that was shown comes back with the mask in it. */
  restore(given: Json, original: Json, depth = 0): Json {
    if (depth > MAX_DEPTH) return given === MASK ? original : given;
    if (typeof given !== "object" || given === null) return given;
    if (Array.isArray(given)) {
      const items = Array.isArray(original) ? original : [];
      return given.map((item, i) => this.restore(item, items[i] ?? null, depth + 1));
    }
    const fields = isRecord(original) ? original : {};
    return Object.fromEntries(
      Object.entries(given).map(([name, field]) => {
        const before = Object.hasOwn(fields, name) ? fields[name] : undefined;
        const isMasked = field === MASK && this.hides(name) && before !== undefined;
        return [name, isMasked ? before : this.restore(field, before ?? null, depth + 1)];
      }),
    ) as Json;
  }
}

function isRecord(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unescaped(name: string): string {
  try {
    return JSON.parse(`"${name}"`);
  } catch {
    return name;
  }
}

/** Where a value ends that begins at `start`; the end of the text where it was cut off. */
function endOfValue(json: string, start: number): number {
  let depth = 0;
  const parts = /"(?:[^"\\]|\\.)*(?:"|$)|[[{]|[\]}]|,/gs;
  parts.lastIndex = start;
  for (let match = parts.exec(json); match; match = parts.exec(json)) {
    const [part] = match;
    if (part === "[" || part === "{") depth++;
    const isOver = part === "," || part === "]" || part === "}";
    if (depth === 0 && isOver) return match.index;
    if (part === "]" || part === "}") depth--;
    if (depth === 0 && !isOver && part.startsWith('"')) return parts.lastIndex;
    if (depth === 0 && (part === "]" || part === "}")) return parts.lastIndex;
  }
  return json.length;
}
