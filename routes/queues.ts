/** `/queues`: the queues and their lengths, pausing, limiting and emptying them. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { MAX_CONCURRENCY_LIMIT } from "../jobs/flow.ts";
import { allQueues, getQueue } from "../jobs/queues.ts";
import type { Registry } from "../jobs/registry.ts";
import { jsonBody } from "./body.ts";
import { problems } from "./problem.ts";
import { json, QueueBody, RateOrNull } from "./schemas.ts";

const MAX_BODY_BYTES = 1024;

const listRoute = createRoute({
  method: "get",
  path: "/queues",
  summary: "The queues, their lengths and their limits",
  responses: { 200: json(z.object({ queues: z.array(QueueBody) }), "By name"), ...problems(503) },
});

const QueueName = z.object({ name: z.string() });
const PausedBody = json(z.object({ name: z.string(), paused: z.boolean() }), "Done");

const pauseRoute = createRoute({
  method: "post",
  path: "/queues/{name}/pause",
  summary: "Start nothing more from this queue until it is resumed",
  request: { params: QueueName },
  responses: { 200: PausedBody, ...problems(403, 404, 503) },
});

const resumeRoute = createRoute({
  method: "post",
  path: "/queues/{name}/resume",
  summary: "Go on with a paused queue",
  request: { params: QueueName },
  responses: { 200: PausedBody, ...problems(403, 404, 503) },
});

const purgeRoute = createRoute({
  method: "post",
  path: "/queues/{name}/purge",
  summary: "Revoke all tasks of this queue that wait, also for their time",
  request: { params: QueueName },
  responses: {
    200: json(z.object({ name: z.string(), purged: z.number().int() }), "How many"),
    ...problems(403, 404, 503),
  },
});

const Limits = z.strictObject({
  rate_limit: RateOrNull.optional().openapi({
    description: "How many of its tasks may start; null for no limit",
  }),
  concurrency_limit: z.int().min(1).max(MAX_CONCURRENCY_LIMIT).nullable().optional().openapi({
    description: "How many of its tasks may run at the same time; null for no limit",
  }),
}).refine((limits) => Object.keys(limits).length > 0, {
  error: "must have rate_limit, concurrency_limit or both",
}).openapi("QueueLimits", { example: { rate_limit: "10/m", concurrency_limit: 3 } });

const limitRoute = createRoute({
  method: "patch",
  path: "/queues/{name}",
  summary: "Limit this queue at run time; what is left out stays as it is",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: {
    params: QueueName,
    body: { content: { "application/json": { schema: Limits } }, required: true },
  },
  responses: {
    200: json(QueueBody, "The queue as it is now"),
    ...problems(400, 403, 404, 408, 413, 415, 422, 503),
  },
});

/** The routes of queues. */
export function queueRoutes(broker: Broker, registry: Registry): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(listRoute, async (c) => c.json({ queues: await allQueues(broker, registry) }, 200));

  app.openapi(pauseRoute, async (c) => {
    const { name } = await getQueue(broker, registry, c.req.valid("param").name);
    await broker.pause(name);
    return c.json({ name, paused: true }, 200);
  });

  app.openapi(resumeRoute, async (c) => {
    const { name } = await getQueue(broker, registry, c.req.valid("param").name);
    await broker.resume(name);
    return c.json({ name, paused: false }, 200);
  });

  app.openapi(purgeRoute, async (c) => {
    const { name } = await getQueue(broker, registry, c.req.valid("param").name);
    return c.json({ name, purged: await broker.purge(name) }, 200);
  });

  app.openapi(limitRoute, async (c) => {
    const { name } = await getQueue(broker, registry, c.req.valid("param").name);
    const { rate_limit: rateLimit, concurrency_limit: concurrencyLimit } = c.req.valid("json");
    await broker.limitQueue(name, {
      ...(rateLimit !== undefined && { rateLimit }),
      ...(concurrencyLimit !== undefined && { concurrencyLimit }),
    });
    return c.json(await getQueue(broker, registry, name), 200);
  });

  return app;
}
