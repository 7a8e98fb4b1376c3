/**
 * Keyboard shortcuts: one key ("/"), or two after each other ("g t"). They do nothing while somebody
 * types or a dialog or a menu is open. `?` shows those that work where the reader is.
 */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Shortcut {
  /** Keys as KeyboardEvent names them, a space between those that follow each other. */
  keys: string;
  title: string;
  run(): void;
}

/** Those that work now, in the order in which they came. */
export const shortcuts = signal<Shortcut[]>([]);

/** Milliseconds that the second key of two may take. */
const SEQUENCE_MS = 1200;

/** Lets keys do something while the component is shown. */
export function useShortcut(keys: string, title: string, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => addShortcuts([{ keys, title, run: () => latest.current() }]), [keys, title]);
}

/**
 * Lets keys do something until what is returned is called.
 * @param isBasic they stand back where a page has the same keys
 */
export function addShortcuts(added: Shortcut[], isBasic = false): () => void {
  const others = shortcuts.peek();
  shortcuts.value = isBasic ? [...added, ...others] : [...others, ...added];
  return () => shortcuts.value = shortcuts.peek().filter((each) => !added.includes(each));
}

/** What keys are for as long as it is open. */
const OPEN = "dialog[open], .menu:popover-open";

let begun = "";
let begunAt = 0;

/** Listens to the keyboard. */
export function startShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) || document.querySelector(OPEN)) return;
    if (event.timeStamp - begunAt > SEQUENCE_MS) begun = "";
    const keys = begun ? `${begun} ${event.key}` : event.key;
    // What came last lies on top.
    const found = shortcuts.peek().findLast((each) => each.keys === keys) ??
      shortcuts.peek().findLast((each) => each.keys === event.key);
    begun = "";
    if (found) {
      event.preventDefault();
      found.run();
    } else if (shortcuts.peek().some((each) => each.keys.startsWith(`${event.key} `))) {
      begun = event.key;
      begunAt = event.timeStamp;
    }
  });
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target instanceof HTMLInputElement && !/^(checkbox|radio|button)$/.test(target.type);
}
