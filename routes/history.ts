/** How much there is and was: counts of tasks by state. */

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { problems } from "./problem.ts";
import { CountsBody, json } from "./schemas.ts";

const countsRoute = createRoute({
  method: "get",
  path: "/tasks/counts",
  summary: "How many tasks there are by state",
  responses: { 200: json(CountsBody, "At this moment"), ...problems(503) },
});

/** The routes of counts; they come before those of tasks, of which none can have such an id. */
export function historyRoutes(broker: Broker): OpenAPIHono {
  const app = new OpenAPIHono();
  app.openapi(countsRoute, async (c) => c.json(await broker.counts(), 200));
  return app;
}
