/** Who reads the page, and how they log in and out. */

import { computed, signal } from "@preact/signals";
import type { Me } from "../../jobs/wire.ts";
import { ApiError, call } from "../api.ts";

/** Where the browser keeps what was typed, which goes with the session. */
export const RECENT_INPUTS = "taskapp.recent";

/** Null until the server has told. */
export const me = signal<Me | null>(null);

/** Whether somebody is logged in, or nobody has to be; null until that is known. */
export const isIn = computed(() => me.value && me.value.role !== null);

/** Who was logged in last since the page was loaded. */
let lastUser: string | null = null;

let asking: Promise<void> | null = null;

/** Asks who reads the page; while the server is away that stays as it was. */
export function loadSession(): Promise<void> {
  return asking ??= ask().finally(() => asking = null);
}

async function ask(): Promise<void> {
  try {
    learn(await call<Me>("GET", "/me"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/**
 * Begins a session.
 * @returns whether the page has to be loaded again, because what it holds is for somebody else's eyes
 */
export async function logIn(user: string, password: string): Promise<boolean> {
  const before = lastUser;
  learn(await call<Me>("POST", "/login", { user, password }));
  return before !== null && before !== lastUser;
}

/** Ends the session, of this browser or of all, and lets go of all that the page holds. */
export async function logOut({ everywhere }: { everywhere: boolean }): Promise<void> {
  await call("POST", everywhere ? "/logout-everywhere" : "/logout");
  try {
    localStorage.removeItem(RECENT_INPUTS);
  } catch {
    // A browser that stores nothing.
  }
  history.replaceState({}, "", "#/login");
  location.reload();
}

function learn(now: Me): void {
  lastUser = now.user ?? lastUser;
  if (JSON.stringify(now) !== JSON.stringify(me.peek())) me.value = now;
}
