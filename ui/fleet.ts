/** What can be told of workers by listening to them for a while. Pure. */

import type { WorkerInfo } from "../jobs/wire.ts";

/** The heartbeats of one worker, as this browser has heard of them. */
export interface Pulse {
  /** The last, by the broker's clock. */
  beat: string;
  /** When this browser heard of it, in Unix milliseconds. */
  heardAt: number;
  /** Milliseconds from beat to beat, rather too many than too few. */
  every: number;
}

/** A worker may be late by this many milliseconds, or so many of its beats. */
const LATE_MS = 5000;
const LATE_BEATS = 2.5;
/** How soon a long pause is forgotten. */
const FADE = 0.8;

/** Takes in what the workers say now. */
export function listen(
  pulses: ReadonlyMap<string, Pulse>,
  workers: WorkerInfo[],
  now: number,
): Map<string, Pulse> {
  return new Map(workers.map(({ name, heartbeat_at: beat }) => {
    const old = pulses.get(name);
    if (old?.beat === beat) return [name, old];
    const gap = old ? Date.parse(beat) - Date.parse(old.beat) : 0;
    return [name, { beat, heardAt: now, every: Math.max(gap, (old?.every ?? 0) * FADE) }];
  }));
}

/**
 * Whether a worker should have been heard of by now.
 * @param since since when this browser can hear anything, in Unix milliseconds
 */
export function isSilent(pulse: Pulse | undefined, now: number, since: number): boolean {
  if (!pulse) return false;
  return now - Math.max(pulse.heardAt, since) > Math.max(LATE_MS, pulse.every * LATE_BEATS);
}

/** The workers that are not there any more. */
export function goneFrom(before: WorkerInfo[], after: WorkerInfo[]): WorkerInfo[] {
  const left = new Set(after.map(({ name }) => name));
  return before.filter(({ name }) => !left.has(name));
}

/** How many slots there are: "4", or "1 to 8" where that follows the need. */
export function slotsOf({ min_concurrency: min, max_concurrency: max }: WorkerInfo): string {
  return min === max ? `${max}` : `${min} to ${max}`;
}
