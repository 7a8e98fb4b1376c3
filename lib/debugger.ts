/** Deno's debugger, which no process should leave open. */

import inspector from "node:inspector";
import { setTimeout as sleep } from "node:timers/promises";

const CLOSE_EVERY_MS = 20;
const CLOSE_FOR_MS = 2000;

/**
 * Closes the debugger that Deno, like Node.js, opens at USR1 to all users of the machine. It opens a
 * moment after the signal, and whether it is open is nothing that a program without rights may ask.
 */
export async function closeDebugger(): Promise<void> {
  for (let waited = 0; waited < CLOSE_FOR_MS; waited += CLOSE_EVERY_MS) {
    await sleep(CLOSE_EVERY_MS, undefined, { ref: false });
    inspector.close();
  }
}
