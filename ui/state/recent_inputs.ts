/** The arguments with which the reader has started tasks lately, by task, kept in the browser. */

import { signal } from "@preact/signals";
import type { Json } from "../../jobs/wire.ts";
import { me, RECENT_INPUTS } from "./session.ts";

const MAX_RECENT = 10;
/** Characters of one that is kept: a browser has some megabytes for all. */
const MAX_LENGTH = 20_000;

/** Arguments may hold what others are not to see: they are for the user who has typed them. */
interface Recent {
  user: string | null;
  /** JSON texts of arguments by task, the latest first. */
  inputs: { [task: string]: string[] };
}

const recent = signal<Recent>(load());

export function recentInputs(task: string): string[] {
  return ownInputs()[task] ?? [];
}

function ownInputs(): Recent["inputs"] {
  return recent.value.user === (me.value?.user ?? null) ? recent.value.inputs : {};
}

export function rememberInput(task: string, args: Json): void {
  const text = JSON.stringify(args);
  if (text.length > MAX_LENGTH) return;
  const others = recentInputs(task).filter((each) => each !== text);
  store({ ...ownInputs(), [task]: [text, ...others].slice(0, MAX_RECENT) });
}

export function forgetInputs(task: string): void {
  const { [task]: _, ...others } = ownInputs();
  store(others);
}

function store(inputs: Recent["inputs"]): void {
  recent.value = { user: me.peek()?.user ?? null, inputs };
  try {
    localStorage.setItem(RECENT_INPUTS, JSON.stringify(recent.value));
  } catch {
    // A browser that stores nothing: they last as long as the page.
  }
}

function load(): Recent {
  const none = { user: null, inputs: {} };
  try {
    const stored: Partial<Recent> | null = JSON.parse(localStorage.getItem(RECENT_INPUTS) ?? "{}");
    const { user = null, inputs = {} } = stored ?? none;
    const valid = Object.entries(inputs).map(([task, texts]) => [
      task,
      Array.isArray(texts) ? texts.filter((text) => typeof text === "string" && isJson(text)) : [],
    ]);
    return { user, inputs: Object.fromEntries(valid) };
  } catch {
    return none;
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
