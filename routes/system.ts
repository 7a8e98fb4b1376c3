/** How the system as a whole is doing: totals, health. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";
import { problems, unavailable } from "./problem.ts";
import { json, StatsBody } from "./schemas.ts";

const statsRoute = createRoute({
  method: "get",
  path: "/stats",
  summary: "Totals and durations",
  responses: { 200: json(StatsBody, "Since the broker's data began"), ...problems(503) },
});

const HealthBody = json(z.object({ status: z.literal("ok") }), "It is");

const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether this process is alive",
  responses: { 200: HealthBody },
});

const LastAnswer = z.number().nullable().openapi({
  description: "How long ago, before this was asked; null if it never did",
});

const readyRoute = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether the broker can be reached, and when it last answered this process",
  responses: {
    200: json(z.object({ status: z.literal("ok"), last_answer_seconds: LastAnswer }), "It can"),
    ...problems(503),
  },
});

/** The routes about the system as a whole. */
export function systemRoutes(broker: Broker): OpenAPIHono {
  const app = new OpenAPIHono();
  const ok = { status: "ok" } as const;

  app.openapi(statsRoute, async (c) => c.json(await broker.stats(), 200));
  app.openapi(healthRoute, (c) => c.json(ok, 200));

  app.openapi(readyRoute, async (c) => {
    const last_answer_seconds = lastAnswerSeconds(broker);
    try {
      await broker.ping();
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      const ago = last_answer_seconds === null
        ? "it never has answered this server"
        : `its last answer was ${last_answer_seconds} s ago`;
      throw unavailable(`The broker does not answer: ${ago}`, { last_answer_seconds });
    }
    return c.json({ ...ok, last_answer_seconds }, 200);
  });

  return app;
}

function lastAnswerSeconds({ answeredAt }: Broker): number | null {
  return answeredAt === null ? null : Math.round(performance.now() - answeredAt) / 1000;
}
