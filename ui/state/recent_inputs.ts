/** The arguments with which the reader has started tasks lately, by task, kept in the browser. */

import { signal } from "@preact/signals";
import type { Json } from "../../jobs/wire.ts";

const KEY = "taskapp.recent";
const MAX_RECENT = 10;
/** Characters of one that is kept: a browser has some megabytes for all. */
const MAX_LENGTH = 20_000;

/** JSON texts of arguments by task, the latest first. */
const recent = signal<{ [task: string]: string[] }>(load());

export function recentInputs(task: string): string[] {
  return recent.value[task] ?? [];
}

export function rememberInput(task: string, args: Json): void {
  const text = JSON.stringify(args);
  if (text.length > MAX_LENGTH) return;
  const others = recentInputs(task).filter((each) => each !== text);
  store({ ...recent.value, [task]: [text, ...others].slice(0, MAX_RECENT) });
}

export function forgetInputs(task: string): void {
  const { [task]: _, ...others } = recent.value;
  store(others);
}

function store(next: { [task: string]: string[] }): void {
  recent.value = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // A browser that stores nothing: they last as long as the page.
  }
}

function load(): { [task: string]: string[] } {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof stored !== "object" || stored === null) return {};
    const valid = Object.entries(stored).map(([task, texts]) => [
      task,
      Array.isArray(texts) ? texts.filter((text) => typeof text === "string" && isJson(text)) : [],
    ]);
    return Object.fromEntries(valid);
  } catch {
    return {};
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
