/** Lets a request through to its route, or does not, by the rule of that route. */

import type { Context } from "hono";
import { matchedRoutes } from "hono/route";
import { isAtLeast, type Role } from "../jobs/wire.ts";
import { isUpgrade, type Login, ticketOf, unauthorized } from "./access_login.ts";
import { ANYONE, type Principal } from "./access_principal.ts";
import type { Check } from "./checks.ts";
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
export function findRule(): Check {
  const rules = new WeakMap<object, Rule & { path: string }>();
  return (c) => {
    const route = matchedRoutes(c).find(isRoute);
    if (!route) return;
    let rule = rules.get(route);
    if (!rule) rules.set(route, rule = { ...ruleOf(route), path: route.path });
    c.set("rule", rule);
  };
}

/** Where no route answers. */
const NO_RULE = { role: "public", changes: false } as const;

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
): Check {
  return (c) => {
    const { role, changes } = c.get("rule") as Rule | undefined ?? NO_RULE;
    if (role === "public") return;
    if (!login) return admit(c, role, changes, ANYONE);
    return login.identify(c).then((principal) => {
      if (!principal) throw unauthorized(c, "Log in first: this server knows who may do what");
      admit(c, role, changes, principal);
    });
  };

  function admit(c: Context, role: Role, changes: boolean, principal: Principal): void {
    c.set("principal", principal);
    const isForPageOnly = changes || !isReading(c.req.method) ||
      (isUpgrade(c) && ticketOf(c) === undefined);
    if (principal.via === "session" && isForPageOnly) {
      refuseOtherOrigins(c.req.raw);
    }
    if (!isAtLeast(principal.role, role)) throw forbidden(principal, role);
    if (changes && readOnly) {
      throw new Problem(403, "This server is read-only: nothing can be changed here");
    }
    // Who may guess again and again whether a hidden value holds a text finds out all of it.
    if (!isMasked || principal.role !== "viewer") return;
    const looksInside = Object.keys(c.req.query()).find((name) => LOOKING_INSIDE.includes(name));
    if (looksInside !== undefined) {
      throw new Problem(
        403,
        `Searching by ${looksInside} needs the role operator here: some values are hidden (--mask)`,
      );
    }
  }
}

function forbidden({ account, role }: Principal, needed: string): Problem {
  const who = account ? `${account.name} is ${article(role)}` : `you are ${article(role)}`;
  return new Problem(403, `This needs the role ${needed}; ${who}`);
}

function article(role: string): string {
  return `${/^[aeiou]/.test(role) ? "an" : "a"} ${role}`;
}
