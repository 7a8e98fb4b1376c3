/** What must be right about a request before its route is asked. */

import type { Context, MiddlewareHandler } from "hono";

/** Throws a Problem where something is wrong; answers a promise only where it has to wait. */
export type Check = (c: Context) => void | Promise<void>;

/** Makes checks, in this order, of every request. One middleware does them all, because each costs promises. */
export function checked(...checks: Check[]): MiddlewareHandler {
  return async (c, next) => {
    for (const check of checks) {
      const waiting = check(c);
      if (waiting) await waiting;
    }
    await next();
  };
}
