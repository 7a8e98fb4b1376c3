import { signal } from "@preact/signals";

/** The present time in Unix milliseconds, to the second: for what shows an age. */
export const now = signal(Date.now());

setInterval(() => now.value = Date.now(), 1000);
