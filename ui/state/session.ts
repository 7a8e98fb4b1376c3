/** Who reads the page, and what they may do. */

import { signal } from "@preact/signals";
import type { Me } from "../../jobs/wire.ts";
import { ApiError, call } from "../api.ts";

/** Null until the server has told. */
export const me = signal<Me | null>(null);

const OPEN: Me = {
  auth: false,
  user: null,
  role: "admin",
  via: "open",
  read_only: false,
  expires_at: null,
};

/** Asks who reads the page. */
export async function loadSession(): Promise<void> {
  try {
    me.value = await call<Me>("GET", "/me");
  } catch (error) {
    // A server without logins.
    if (error instanceof ApiError && error.status === 404) me.value = OPEN;
    else throw error;
  }
}
