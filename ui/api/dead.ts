/** Dead tasks over the HTTP API. */

import type { SummaryPage } from "../../jobs/wire.ts";
import { call } from "../api.ts";

export interface DeadFilter {
  name?: string;
  /** Text in the type or the message of the error. */
  error?: string;
}

/** A page of dead tasks, the newest first. It may be empty and yet not the last. */
export function listDead(
  filter: DeadFilter,
  limit: number,
  cursor: string | null,
): Promise<SummaryPage> {
  const query = new URLSearchParams({ view: "summary", limit: `${limit}`, ...filter });
  if (cursor) query.set("cursor", cursor);
  return call("GET", `/dead?${query}`);
}

/** What is not dead any more is left alone, and does not count. */
export async function replayDead(ids: string[]): Promise<number> {
  return (await call<{ replayed: number }>("POST", "/dead/replay", { ids })).replayed;
}

export async function forgetDead(ids: string[]): Promise<number> {
  return (await call<{ forgotten: number }>("POST", "/dead/forget", { ids })).forgotten;
}
