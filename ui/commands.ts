/** Commands, and how they are found by their words. Pure. */

export interface Command {
  /** Unique; what is registered later under the same id takes its place. */
  id: string;
  title: string;
  /** What kind of thing it is, shown beside it: "Page", "Queue". */
  group?: string;
  /** The shortcut that does the same. */
  keys?: string;
  run(): void | Promise<void>;
}

/** Commands that fit what was typed, best first. */
export function findCommands(all: Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .map((command) => ({ command, score: scoreOf(command, words) }))
    .filter(({ score }) => score !== null)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
    .map(({ command }) => command);
}

/** Every word must be there; it counts more at the beginning, and at that of a word. */
function scoreOf({ title, group = "" }: Command, words: string[]): number | null {
  const text = `${title} ${group}`.toLowerCase();
  let score = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return null;
    score += at === 0 ? 3 : /[\s:._-]/.test(text[at - 1] ?? "") ? 2 : 1;
  }
  return score;
}
