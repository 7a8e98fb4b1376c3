/**
 * A table in columns, as text.
 * @param lines the first has the headings
 */
export function table(lines: string[][]): string {
  const columns = lines[0]?.keys() ?? [];
  const widths = [...columns].map((i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const padded = lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  "));
  return padded.map((line) => `${line.trimEnd()}\n`).join("");
}

/** Text of others in one line of at most so many characters, without what a terminal would obey. */
export function oneLine(text: string, max: number): string {
  const line = text.replaceAll(/\p{Cc}+/gu, " ").trim();
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}
