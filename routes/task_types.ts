/** `/task-types`: the tasks that can be started, and how many of each may start. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { MAX_SECONDS } from "../jobs/options.ts";
import type { Registry } from "../jobs/registry.ts";
import { describeTaskType, limitTaskType } from "../jobs/task_types.ts";
import { jsonBody } from "./body.ts";
import { problems } from "./problem.ts";
import { json, RateOrNull, TaskTypeBody } from "./schemas.ts";

const MAX_BODY_BYTES = 1024;

const listRoute = createRoute({
  method: "get",
  path: "/task-types",
  summary: "The tasks that can be started, with the JSON Schema of their arguments",
  responses: {
    200: json(z.object({ task_types: z.array(TaskTypeBody) }), "By name"),
    ...problems(503),
  },
});

const TaskName = z.object({ name: z.string() });

const getRoute = createRoute({
  method: "get",
  path: "/task-types/{name}",
  summary: "One of the tasks that can be started",
  request: { params: TaskName },
  responses: { 200: json(TaskTypeBody, "The task type"), ...problems(404, 503) },
});

const SecondsOrNull = z.number().min(0).max(MAX_SECONDS).nullable().optional();

const Limits = z.strictObject({
  rate_limit: RateOrNull.optional().openapi({
    description: "How many may start in all queues together; null for what its definition says",
  }),
  time_limit: SecondsOrNull.openapi({
    description: "Seconds after which runs that start from now on are stopped, 0 for never; null " +
      "for what each task says",
  }),
  soft_time_limit: SecondsOrNull.openapi({
    description: "Seconds after which they are asked to stop, likewise",
  }),
}).refine((limits) => Object.keys(limits).length > 0, {
  error: "must have rate_limit, time_limit or soft_time_limit",
}).openapi("TaskTypeLimitsChange", { example: { rate_limit: "10/m", time_limit: 60 } });

const limitRoute = createRoute({
  method: "patch",
  path: "/task-types/{name}",
  summary: "Limit the tasks of this name at run time, also those that wait already; what is left " +
    "out stays as it is",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: {
    params: TaskName,
    body: { content: { "application/json": { schema: Limits } }, required: true },
  },
  responses: {
    200: json(TaskTypeBody, "The task type as it is now"),
    ...problems(400, 403, 404, 408, 413, 415, 422, 503),
  },
});

/** The routes of task types. */
export function taskTypeRoutes(broker: Broker, registry: Registry): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(listRoute, async (c) => {
    return c.json({ task_types: registry.describe(await broker.taskLimits()) }, 200);
  });

  app.openapi(getRoute, async (c) => {
    const { name } = c.req.valid("param");
    return c.json(await describeTaskType(broker, registry, name), 200);
  });

  app.openapi(limitRoute, async (c) => {
    const { name } = registry.get(c.req.valid("param").name);
    const { rate_limit, time_limit, soft_time_limit } = c.req.valid("json");
    await limitTaskType(broker, registry, name, {
      ...(rate_limit !== undefined && { rateLimit: rate_limit }),
      ...(time_limit !== undefined && { timeLimit: time_limit }),
      ...(soft_time_limit !== undefined && { softTimeLimit: soft_time_limit }),
    });
    return c.json(await describeTaskType(broker, registry, name), 200);
  });

  return app;
}
