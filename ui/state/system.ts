/** What the server says of itself and of its broker, asked for again and again while it is shown. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { SystemInfo, WorkerInfo } from "../../jobs/wire.ts";
import { getSystem } from "../api/system.ts";
import { now } from "./clock.ts";
import { attempt } from "./connection.ts";

const system = signal<SystemInfo | null>(null);

/**
 * What the server says of itself; null until it has.
 * @param everySeconds how often it is asked
 */
export function useSystem(everySeconds: number): SystemInfo | null {
  useEffect(() => {
    const ask = () =>
      void attempt(async () => {
        system.value = await getSystem();
      });
    ask();
    const timer = setInterval(
      () => document.visibilityState === "visible" && ask(),
      everySeconds * 1000,
    );
    return () => clearInterval(timer);
  }, []);
  return system.value;
}

/** So many signs of life that a worker leaves out make it silent, and at least so long. */
const MISSED = 3;
const SILENT_MS = 5000;

interface Heard {
  /** Its last sign of life, and when that was new, by the clock of this page. */
  heartbeat: string;
  at: number;
  /** Milliseconds between two of them. */
  every: number;
}

/**
 * Names of workers that have given no sign of life for too long.
 * @param isLive whether news of them come in
 */
export function useSilent(workers: WorkerInfo[] | null, isLive: boolean): string[] {
  const heard = useRef(new Map<string, Heard>());
  const time = now.value;
  const silent: string[] = [];
  const names = new Set(workers?.map(({ name }) => name));
  for (const name of heard.current.keys()) if (!names.has(name)) heard.current.delete(name);
  for (const { name, heartbeat_at: heartbeat } of workers ?? []) {
    const known = heard.current.get(name);
    if (isLive && known?.heartbeat === heartbeat) {
      if (time - known.at > Math.max(SILENT_MS, MISSED * known.every)) silent.push(name);
      continue;
    }
    const gap = known ? Date.parse(heartbeat) - Date.parse(known.heartbeat) : 0;
    const every = gap > 0 ? Math.min(gap, known?.every ?? Infinity) : known?.every ?? Infinity;
    heard.current.set(name, { heartbeat, at: Date.now(), every });
  }
  return silent;
}
