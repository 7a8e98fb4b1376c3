/** The tasks that the reader watches, kept in the browser. */

import { effect, signal } from "@preact/signals";

const KEY = "taskapp.watched";
/** The latest; each is followed. */
const MAX_WATCHED = 50;

/** Ids, latest first. */
export const watched = signal<string[]>(load());

export function watch(id: string): void {
  if (watched.value.includes(id)) return;
  watched.value = [id, ...watched.value].slice(0, MAX_WATCHED);
}

export function unwatch(id: string): void {
  watched.value = watched.value.filter((other) => other !== id);
}

effect(() => {
  try {
    localStorage.setItem(KEY, JSON.stringify(watched.value));
  } catch {
    // A browser that stores nothing: the list lasts as long as the page.
  }
});

function load(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}
