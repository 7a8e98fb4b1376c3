/** What a worker is called. */

import os from "node:os";
import { UsageError } from "./io.ts";

/**
 * Expands what Celery does in a worker's name: %h is this machine's name, %n that up to its first
 * dot, %d what comes after it, and %% a percent sign.
 * @throws {UsageError} another letter follows a percent sign
 */
export function expandHostname(text: string, host = os.hostname()): string {
  const [name = "", ...domain] = host.split(".");
  const words = new Map([["h", host], ["n", name], ["d", domain.join(".")], ["%", "%"]]);
  return text.replaceAll(/%(.?)/g, (_, letter: string) => {
    const word = words.get(letter);
    if (word !== undefined) return word;
    throw new UsageError(
      `--hostname ${text}: after % comes h (this host), n (its name), d (its domain) or %, ` +
        `not "${letter}"`,
    );
  });
}
