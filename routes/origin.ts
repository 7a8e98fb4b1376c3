/** Keeps other sites' pages, open in a user's browser, from starting or watching tasks here. */

import type { MiddlewareHandler } from "hono";
import { Problem } from "./problem.ts";

const READ_ONLY = ["GET", "HEAD", "OPTIONS"];

/** Refuses requests that change something when another site's page sent them. */
export const refuseCrossSiteChanges: MiddlewareHandler = async (c, next) => {
  if (!READ_ONLY.includes(c.req.method)) refuseCrossSite(c.req.raw);
  await next();
};

/**
 * Refuses a request that another site's page sent. Programs send neither header and pass.
 * @throws {Problem} 403
 */
export function refuseCrossSite({ headers, url }: Request): void {
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin" || site === "none") return;
  const origin = headers.get("origin");
  const host = headers.get("host") ?? new URL(url).host;
  if (site === "cross-site" || (origin !== null && !isOriginOf(origin, host))) {
    throw new Problem(403, `A page of another site (${origin ?? site}) may not do this`);
  }
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.parse(origin)?.host === host.toLowerCase();
}
