/**
 * The routes of well-known Celery tutorials, so that their pages and scripts work here unchanged.
 * Nothing else needs this file: delete it and its lines in app.ts if you do not.
 */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker, Receipt } from "../jobs/broker.ts";
import type { Registry } from "../jobs/registry.ts";
import { jsonBody } from "./body.ts";
import { refuseCrossSite } from "./origin.ts";
import { noSuchTask, problems } from "./problem.ts";
import { json, StartedBody, TaskBody } from "./schemas.ts";
import { TaskId } from "./tasks.ts";

const StartTaskBody = z.strictObject({ stage_seconds: z.number().optional() });

const startTaskRoute = createRoute({
  method: "post",
  path: "/start-task",
  summary: "Start long_running_task",
  middleware: jsonBody(1024),
  request: { body: { content: { "application/json": { schema: StartTaskBody } } } },
  responses: {
    202: json(StartedBody, "Accepted"),
    ...problems(400, 403, 404, 408, 413, 415, 422, 503),
  },
});

const processRoute = createRoute({
  method: "get",
  path: "/process/{id}",
  summary: "How a task stands",
  request: { params: TaskId },
  responses: {
    200: json(
      TaskBody.pick({ task_id: true, status: true, result: true, error: true }),
      "The parts of a task that the tutorial shows",
    ),
    ...problems(404, 503),
  },
});

/** The tutorials' routes, all but `GET /{word}`. */
export function tutorialRoutes(broker: Broker, registry: Registry): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(startTaskRoute, async (c) => {
    const { stage_seconds } = c.req.valid("json");
    const args = stage_seconds === undefined ? undefined : [stage_seconds];
    return c.json(await start(broker, registry, "long_running_task", args), 202);
  });

  app.openapi(processRoute, async (c) => {
    const { id } = c.req.valid("param");
    const task = await broker.get(id);
    if (task === null) throw noSuchTask(id);
    const { task_id, status, result, error } = task;
    return c.json({ task_id, status, result, error }, 200);
  });

  return app;
}

/** `GET /{word}`: mount it last, for it takes every path of letters that is left. */
export function wordRoute(broker: Broker, registry: Registry): OpenAPIHono {
  const app = new OpenAPIHono();
  app.get("/:word{[A-Za-z]+}", async (c) => {
    refuseCrossSite(c.req.raw);
    return c.json(await start(broker, registry, "test_celery", [c.req.param("word")]), 202);
  });
  return app;
}

async function start(broker: Broker, registry: Registry, name: string, args: unknown) {
  const task = await registry.get(name).prepare(args);
  const [receipt] = await broker.enqueue([task]) as [Receipt];
  return { task_id: receipt.id, status: receipt.status };
}
