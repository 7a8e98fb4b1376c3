/** `taskapp healthcheck`: for container images, which have no curl. */

import { type Io, UsageError } from "./io.ts";

const TIMEOUT_MS = 3000;

export interface HealthcheckOptions {
  host: string;
  port: number;
  /** Counts instead of the two. */
  url?: string;
}

/**
 * @returns 0 if the server answers that it is well, else 1
 * @throws {UsageError} the URL is none
 */
export async function healthcheck(options: HealthcheckOptions, io: Io): Promise<number> {
  const url = options.url ?? `http://${reachable(options.host)}:${options.port}/healthz`;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(
      options.url === undefined
        ? `--host ${options.host} is not an address or a name`
        : `--url must be a URL such as http://127.0.0.1:8000/healthz, not ${url}`,
    );
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    if (response.ok) return 0;
    io.err(`${url} answers ${response.status}\n`);
  } catch (error) {
    io.err(`${url} does not answer: ${reason(error)}\n`);
  }
  return 1;
}

/** The host in a URL at which a server that listens there can be asked. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
