/** Lets a request through to its route, or does not, by the rule of that route. */

import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { isAtLeast } from "../jobs/wire.ts";
import { isUpgrade, type Login, ticketOf, unauthorized } from "./access_login.ts";
import { ANYONE, type Principal } from "./access_principal.ts";
import { isRoute, type Rule, ruleOf } from "./access_rules.ts";
import { isReading, refuseOtherOrigins } from "./origin.ts";
import { Problem } from "./problem.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** Of the route that will answer, with its path as Hono writes it; not set where there is none. */
    rule: Rule & { path: string };
  }
}

/** Sets the rule that counts for a request. It goes before all that asks for it. */
export function findRule(): MiddlewareHandler {
  const rules = new WeakMap<object, Rule & { path: string }>();
  return async (c, next) => {
    const route = matchedRoutes(c).find(isRoute);
    if (route) {
      const rule = rules.get(route) ?? { ...ruleOf(route), path: route.path };
      rules.set(route, rule);
      c.set("rule", rule);
    }
    await next();
  };
}

/** Parameters that find tasks by what their arguments and results hold. */
const LOOKING_INSIDE = ["args", "result", "text"];

/**
 * Refuses who may not use a route.
 * @param login null where nobody has to log in
 * @param isMasked whether some values are shown to nobody
 */
export function guard(
  login: Login | null,
  readOnly: boolean,
  isMasked: boolean,
): MiddlewareHandler {
  return async (c, next) => {
    const rule = c.get("rule") as Rule | undefined;
    if (!rule || rule.role === "public") return await next();
    const principal = login ? await login.identify(c) : ANYONE;
    if (!principal) throw unauthorized(c, "Log in first: this server knows who may do what");
    c.set("principal", principal);
    const isForPageOnly = rule.changes || !isReading(c.req.method) ||
      (isUpgrade(c) && ticketOf(c) === undefined);
    if (principal.via === "session" && isForPageOnly) {
      refuseOtherOrigins(c.req.raw);
    }
    if (!isAtLeast(principal.role, rule.role)) throw forbidden(principal, rule.role);
    if (rule.changes && readOnly) {
      throw new Problem(403, "This server is read-only: nothing can be changed here");
    }
    // Who may guess again and again whether a hidden value holds a text finds out all of it.
    const looksInside = Object.keys(c.req.query()).find((name) => LOOKING_INSIDE.includes(name));
    if (isMasked && looksInside !== undefined && principal.role === "viewer") {
      throw new Problem(
        403,
        `Searching by ${looksInside} needs the role operator here: some values are hidden (--mask)`,
      );
    }
    await next();
  };
}

function forbidden({ account, role }: Principal, needed: string): Problem {
  const who = account ? `${account.name} is ${article(role)}` : `you are ${article(role)}`;
  return new Problem(403, `This needs the role ${needed}; ${who}`);
}

function article(role: string): string {
  return `${/^[aeiou]/.test(role) ? "an" : "a"} ${role}`;
}
