/** Commands that the palette (Ctrl or ⌘ and K) finds by their words. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Command } from "./commands.ts";

export type { Command } from "./commands.ts";

export const commands = signal<Command[]>([]);
export const isPaletteOpen = signal(false);

/** Adds commands until what is returned is called. */
export function registerCommands(added: Command[]): () => void {
  const ids = new Set(added.map(({ id }) => id));
  commands.value = [...commands.peek().filter(({ id }) => !ids.has(id)), ...added];
  return () => commands.value = commands.peek().filter((each) => !added.includes(each));
}

/** Adds commands while the component is shown, anew when one of the inputs changes. */
export function useCommands(make: () => Command[], inputs: unknown[]): void {
  useEffect(() => registerCommands(make()), inputs);
}
