/** Samples over time, which go on while somebody looks at them. */

import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { History, HistoryPoint, Range } from "../../jobs/wire.ts";
import { getHistory } from "../api/system.ts";
import { withPoint } from "../history.ts";
import { attempt, link } from "./connection.ts";
import { useTopic } from "./topics.ts";

/** By what was asked for; as many as there are ranges, and a few queues more. */
const histories = new Map<string, Signal<History | null>>();
const MAX_KEPT = 12;

/** The samples of a range; null until they are known. */
export function useHistory(range: Range, queue: string | null = null): History | null {
  const newest = useTopic("history");
  const key = `${range} ${queue ?? ""}`;
  const isOpen = link.value === "open";
  useEffect(() => {
    if (isOpen) void load(key, range, queue);
  }, [key, isOpen]);
  useEffect(() => {
    if (newest) void goOn(key, range, queue, newest);
  }, [newest]);
  return entry(key).value;
}

function entry(key: string): Signal<History | null> {
  let found = histories.get(key);
  if (!found) {
    histories.set(key, found = signal(null));
    for (const old of [...histories.keys()].slice(0, -MAX_KEPT)) histories.delete(old);
  }
  return found;
}

const loading = new Set<string>();

async function load(key: string, range: Range, queue: string | null): Promise<void> {
  if (loading.has(key)) return;
  loading.add(key);
  await attempt(async () => {
    entry(key).value = await getHistory(range, queue);
  });
  loading.delete(key);
}

async function goOn(
  key: string,
  range: Range,
  queue: string | null,
  newest: HistoryPoint,
): Promise<void> {
  const known = entry(key).peek();
  if (known === null) return;
  const longer = withPoint(known, newest);
  if (longer) entry(key).value = longer;
  else await load(key, range, queue);
}
