/** `/tasks`: listing tasks, looking at one, cancelling it, running it again, forgetting it. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker, Change } from "../jobs/broker.ts";
import { waitForEnd } from "../jobs/task.ts";
import { STATES } from "../jobs/wire.ts";
import { noSuchTask, Problem, problems } from "./problem.ts";
import { json, StartedBody, TaskBody } from "./schemas.ts";

const MAX_WAIT_SECONDS = 60;
const MAX_PAGE = 500;

export const TaskId = z.object({ id: z.string() });

const listRoute = createRoute({
  method: "get",
  path: "/tasks",
  summary: "List tasks, the newest first",
  request: {
    query: z.object({
      state: z.enum(STATES).optional(),
      name: z.string().optional(),
      queue: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50).openapi({ type: "integer" }),
      cursor: z.string().optional().openapi({ description: "From the page before" }),
    }),
  },
  responses: {
    200: json(
      z.object({ tasks: z.array(TaskBody), cursor: z.string().nullable() }),
      "A page, and the cursor of the next one",
    ),
    ...problems(400, 422, 503),
  },
});

const getRoute = createRoute({
  method: "get",
  path: "/tasks/{id}",
  summary: "Everything about one task",
  request: {
    params: TaskId,
    query: z.object({
      wait: z.coerce.number().min(0).max(MAX_WAIT_SECONDS).default(0).openapi({
        type: "number",
        description: "Seconds to wait for its end before answering",
      }),
    }),
  },
  responses: { 200: json(TaskBody, "The task"), ...problems(404, 422, 503) },
});

const revokeRoute = createRoute({
  method: "post",
  path: "/tasks/{id}/revoke",
  summary: "Cancel a task; a running one is stopped",
  request: { params: TaskId },
  responses: { 200: json(StartedBody, "Cancelled"), ...problems(403, 404, 409, 503) },
});

const retryRoute = createRoute({
  method: "post",
  path: "/tasks/{id}/retry",
  summary: "Run an ended task again, as a new attempt",
  request: { params: TaskId },
  responses: { 202: json(StartedBody, "Waiting again"), ...problems(403, 404, 409, 503) },
});

const forgetRoute = createRoute({
  method: "delete",
  path: "/tasks/{id}",
  summary: "Forget an ended task",
  request: { params: TaskId },
  responses: { 204: { description: "Forgotten" }, ...problems(403, 404, 409, 503) },
});

/**
 * The routes of existing tasks.
 * @param closing aborts when the server stops, so that nobody is kept waiting
 */
export function taskRoutes(broker: Broker, closing: AbortSignal): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(listRoute, async (c) => {
    const { tasks, cursor } = await broker.list(c.req.valid("query"));
    if (cursor !== null) {
      const next = new URL(c.req.url);
      next.searchParams.set("cursor", cursor);
      c.header("link", `<${next.pathname}${next.search}>; rel="next"`);
    }
    return c.json({ tasks, cursor }, 200);
  });

  app.openapi(getRoute, async (c) => {
    const { id } = c.req.valid("param");
    const { wait } = c.req.valid("query");
    const task = wait === 0
      ? await broker.get(id)
      : await waitForEnd(broker, id, wait * 1000, closing);
    if (task === null) throw noSuchTask(id);
    return c.json(task, 200);
  });

  app.openapi(revokeRoute, async (c) => {
    const { id } = c.req.valid("param");
    const status = done(
      id,
      await broker.revoke(id),
      "only a task that has not ended can be revoked",
    );
    return c.json({ task_id: id, status }, 200);
  });

  app.openapi(retryRoute, async (c) => {
    const { id } = c.req.valid("param");
    const status = done(id, await broker.retry(id), "only an ended task can be run again");
    return c.json({ task_id: id, status }, 202);
  });

  app.openapi(forgetRoute, async (c) => {
    const { id } = c.req.valid("param");
    done(id, await broker.forget(id), "only an ended task can be forgotten; revoke it first");
    return c.body(null, 204);
  });

  return app;
}

function done(id: string, change: Change, rule: string) {
  if (change === null) throw noSuchTask(id);
  if (!change.done) {
    throw new Problem(409, `Task ${id} is ${change.status}: ${rule}`, {
      task_status: change.status,
    });
  }
  return change.status;
}
