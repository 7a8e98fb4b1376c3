/** Refusing query parameters that do not exist: a filter with a typing mistake must not find everything. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { matchedRoutes } from "hono/route";
import { ruleOf } from "./access_rules.ts";
import type { Check } from "./checks.ts";
import { invalidInput } from "./problem.ts";

/** Checks the GET requests of all routes of an app that answer JSON, by what their definitions say. */
export function refuseUnknownParameters(app: OpenAPIHono): Check {
  let known: Map<string, string[]> | undefined;
  return (c) => {
    if (c.req.method === "GET" && c.req.url.includes("?")) {
      const routes = known ??= parametersOf(app);
      // The first that matches is the one that answers.
      const path = matchedRoutes(c).map((route) => route.path).find((each) => routes.has(each));
      const parameters = routes.get(path ?? "");
      const unknown = Object.keys(c.req.query()).filter((name) => !parameters?.includes(name));
      if (parameters && unknown.length > 0) {
        const message = parameters.length === 0
          ? "no such parameter: there are none"
          : `no such parameter: there are ${parameters.join(", ")}`;
        throw invalidInput(unknown.map((path) => ({ path, message })));
      }
    }
  };
}

/** The names of the query parameters of each route, by its path as Hono writes it. */
function parametersOf(app: OpenAPIHono): Map<string, string[]> {
  const known = new Map<string, string[]>();
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== "route" || definition.route.method !== "get") continue;
    const { path, request, responses } = definition.route;
    // Who probes whether the server is well may add what he likes.
    if (ruleOf({ method: "GET", path }).role === "public") continue;
    const answer = responses["200"];
    if (!answer || !("content" in answer) || !("application/json" in (answer.content ?? {}))) {
      continue;
    }
    const { query } = request ?? {};
    const names = query && "shape" in query ? Object.keys(query.shape) : [];
    known.set(path.replaceAll(/\{(\w+)\}/g, ":$1"), names);
  }
  return known;
}
