/** Keeps other sites' pages, open in a user's browser, from starting or watching tasks here. */

import type { Check } from "./checks.ts";
import { Problem } from "./problem.ts";

/** These tell nothing that a stranger could use, and those who ask them know no name of ours. */
const PROBES = ["/healthz", "/readyz"];
const READING = ["GET", "HEAD", "OPTIONS"];

/** Whether a request by this method changes nothing. */
export function isReading(method: string): boolean {
  return READING.includes(method);
}

/**
 * Refuses requests, but for probes, that are addressed to another name: a site can have its own name point to this
 * machine, and its pages would then count as ours.
 * @param names without ports; null for any
 */
export function refuseOtherHosts(names: string[] | null): Check {
  let right: string | undefined;
  return (c) => {
    if (names === null) return;
    const host = c.req.header("host") ?? "";
    if (host === right) return; // as mostly: it need not be parsed again
    const name = URL.parse(`http://${host}`)?.hostname;
    const isOther = name !== undefined && !names.includes(name);
    if (!isOther) right = host;
    else if (!PROBES.includes(c.req.path)) {
      throw new Problem(
        403,
        `This server does not answer to the name ${name}; --allowed-hosts would let it`,
      );
    }
  };
}

/** Refuses requests that change something when another site's page sent them. */
export const refuseCrossSiteChanges: Check = (c) => {
  if (!isReading(c.req.method)) refuseCrossSite(c.req.raw);
};

/**
 * Refuses a request that another site's page sent. Programs send neither header and pass.
 * @throws {Problem} 403
 */
export function refuseCrossSite({ headers, url }: Request): void {
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin" || site === "none") return;
  const origin = headers.get("origin");
  // A same-site page is one of another port or subdomain; its GETs have no Origin.
  const isOther = origin === null
    ? site === "same-site"
    : !isOriginOf(origin, headers.get("host") ?? new URL(url).host);
  if (site === "cross-site" || isOther) {
    throw new Problem(403, `A page of another site (${origin ?? site}) may not do this`);
  }
}

/**
 * Refuses a request that does not prove that it comes from a page of ours: browsers send a session's cookie
 * by themselves, so nothing else tells who wanted it.
 * @throws {Problem} 403
 */
export function refuseOtherOrigins({ method, headers, url }: Request): void {
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  const host = headers.get("host") ?? new URL(url).host;
  // No page asked for an address that the user typed.
  const isOurs = origin === null
    ? site === "same-origin" || (site === "none" && isReading(method))
    : isOriginOf(origin, host);
  if (isOurs) return;
  throw new Problem(
    403,
    "With a session only the page of this server may do this: " +
      "the headers Origin or Sec-Fetch-Site must say so; programs come with a token",
  );
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.parse(origin)?.host === host.toLowerCase();
}
