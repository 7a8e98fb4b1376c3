/** What is done about every request before its route is asked, and with its answer. */

import type { Context, MiddlewareHandler } from "hono";
import { onError } from "./problem.ts";

/** Throws a Problem where something is wrong; answers a promise only where it has to wait. */
export type Check = (c: Context) => void | Promise<void>;

/**
 * One middleware for all of it, because each costs promises.
 * @param checks of the request, made in this order
 * @param after of the answer, also of one that says what a check has found wrong
 */
export function checked(checks: Check[], after: Check): MiddlewareHandler {
  return async (c, next) => {
    try {
      for (const check of checks) {
        const waiting = check(c);
        if (waiting) await waiting;
      }
      await next();
    } catch (error) {
      c.res = onError(error, c);
    }
    const waiting = after(c);
    if (waiting) await waiting;
  };
}
