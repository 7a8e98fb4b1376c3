/** `/task-types`: the tasks that can be started, and how many of each may start. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import type { Registry } from "../jobs/registry.ts";
import type { TaskType } from "../jobs/wire.ts";
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

const Limit = z.strictObject({
  rate_limit: RateOrNull.openapi({
    description: "How many may start in all queues together; null for what its definition says",
  }),
}).openapi("TaskTypeLimit", { example: { rate_limit: "10/m" } });

const limitRoute = createRoute({
  method: "patch",
  path: "/task-types/{name}",
  summary: "Limit the tasks of this name at run time, also those that wait already",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: {
    params: TaskName,
    body: { content: { "application/json": { schema: Limit } }, required: true },
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

  app.openapi(getRoute, async (c) => c.json(await describe(c.req.valid("param").name), 200));

  app.openapi(limitRoute, async (c) => {
    const { name } = registry.get(c.req.valid("param").name);
    await broker.limitTask(name, c.req.valid("json").rate_limit);
    return c.json(await describe(name), 200);
  });

  async function describe(name: string): Promise<TaskType> {
    const task = registry.get(name);
    const limit = (await broker.taskLimits()).find((each) => each.name === name);
    return task.describe(limit?.rate_limit);
  }

  return app;
}
