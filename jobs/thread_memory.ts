/** How much memory a thread keeps. */

import { getHeapStatistics } from "node:v8";
import { collectGarbage } from "../lib/idle_memory.ts";

const MIB = 1024 * 1024;

/** How many MiB this thread keeps, not counting garbage, if it is more than so many; else null. */
export function keepsMoreThan(mib: number): number | null {
  if (mib === Infinity || usedMiB() <= mib) return null;
  collectGarbage();
  const kept = usedMiB();
  return kept > mib ? Math.round(kept) : null;
}

/** How many MiB this thread uses on the heap and in array buffers, garbage included. */
export function usedMiB(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return (used_heap_size + external_memory) / MIB;
}
