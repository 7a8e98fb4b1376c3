/** `taskapp healthcheck`: for container images, which have no curl. */

import type { Io } from "./io.ts";

const TIMEOUT_MS = 3000;

/** @returns 0 if the server answers that it is well, else 1 */
export async function healthcheck({ url }: { url: string }, io: Io): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    if (response.ok) return 0;
    io.err(`${url} answers ${response.status}\n`);
  } catch (error) {
    io.err(`${url} does not answer: ${error instanceof Error ? error.message : error}\n`);
  }
  return 1;
}
