/** How much there is and was: counts of tasks by state, and what happened over time. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { readHistory } from "../jobs/history.ts";
import { getQueue } from "../jobs/queues.ts";
import type { Registry } from "../jobs/registry.ts";
import { type History, RANGES } from "../jobs/wire.ts";
import { problems } from "./problem.ts";
import { CountsBody, HistoryBody, json } from "./schemas.ts";

const countsRoute = createRoute({
  method: "get",
  path: "/tasks/counts",
  summary: "How many tasks there are by state",
  responses: { 200: json(CountsBody, "At this moment"), ...problems(503) },
});

const historyRoute = createRoute({
  method: "get",
  path: "/history",
  summary:
    "What happened over time: throughput, failures, waiting and running times, queues, workers",
  request: {
    query: z.object({
      range: z.enum(RANGES).default("1h"),
      queue: z.string().optional().openapi({ description: "Of the queues, tell of this one only" }),
    }),
  },
  responses: { 200: json(HistoryBody, "Oldest first"), ...problems(404, 422, 503) },
});

/** The routes of counts and history; they come before those of tasks, as none has such an id. */
export function historyRoutes(broker: Broker, registry: Registry): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(countsRoute, async (c) => c.json(await broker.counts(), 200));

  app.openapi(historyRoute, async (c) => {
    const { range, queue } = c.req.valid("query");
    if (queue === undefined) return c.json(await readHistory(broker, range), 200);
    const { name } = await getQueue(broker, registry, queue);
    return c.json(only(name, await readHistory(broker, range)), 200);
  });

  return app;
}

function only(queue: string, history: History): History {
  const points = history.points.map((point) => {
    const known = point.queues[queue];
    return { ...point, queues: known ? { [queue]: known } : {} };
  });
  return { ...history, points };
}
