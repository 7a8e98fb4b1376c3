/** How much memory a thread keeps. */

import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MIB = 1024 * 1024;

/** Whether this thread keeps more than so many MiB, not counting garbage. */
export function keepsMoreThan(mib: number): boolean {
  if (mib === Infinity || usedMiB() <= mib) return false;
  collectGarbage();
  return usedMiB() > mib;
}

/** On the heap and in array buffers. */
function usedMiB(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return (used_heap_size + external_memory) / MIB;
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc"); // for contexts that are made from now on
  const gc: () => void = runInNewContext("gc");
  gc();
}
