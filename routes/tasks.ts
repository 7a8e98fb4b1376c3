/** `/tasks`: listing tasks, looking at one, cancelling it, running it again, forgetting it. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Mask } from "../jobs/access_mask.ts";
import type { Broker, Change, TaskQuery } from "../jobs/broker.ts";
import type { Registry } from "../jobs/registry.ts";
import { waitForEnd } from "../jobs/task.ts";
import { waitingFor } from "../jobs/waiting.ts";
import type { Json } from "../jobs/wire.ts";
import { jsonBody } from "./body.ts";
import { FILTER_FIELDS } from "./filter.ts";
import { noSuchTask, Problem, problems } from "./problem.ts";
import { AnyJson, json, StartedBody, SummaryBody, TaskBody, TaskDetailBody } from "./schemas.ts";

const MAX_WAIT_SECONDS = 60;
const MAX_PAGE = 500;
const MAX_BODY_BYTES = 1.25 * 1024 * 1024;

export const TaskId = z.object({ id: z.string() });

export const PageQuery = z.object({
  ...FILTER_FIELDS,
  view: z.enum(["full", "summary"]).default("full").openapi({
    description: "A summary has the beginning of what may be long",
  }),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50).openapi({ type: "integer" }),
  cursor: z.string().optional().openapi({ description: "From the page before" }),
});

const page = <T extends z.ZodType>(task: T) =>
  z.object({
    tasks: z.array(task),
    cursor: z.string().nullable(),
    looked: z.number().int().openapi({
      description: "How many tasks were looked at: a page may be empty and yet not the last",
    }),
  });
export const PageBody = z.union([page(TaskBody), page(SummaryBody)]);

const listRoute = createRoute({
  method: "get",
  path: "/tasks",
  summary: "List tasks, the newest first",
  request: { query: PageQuery },
  responses: {
    200: json(PageBody, "A page, and the cursor of the next one"),
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
  responses: { 200: json(TaskDetailBody, "The task"), ...problems(404, 422, 503) },
});

const revokeRoute = createRoute({
  method: "post",
  path: "/tasks/{id}/revoke",
  summary: "Cancel a task; a running one is stopped",
  request: { params: TaskId },
  responses: { 200: json(StartedBody, "Cancelled"), ...problems(403, 404, 409, 503) },
});

const Retry = z.strictObject({
  args: AnyJson.optional().openapi({ description: "Instead of those that it had" }),
}).openapi("Retry");

const retryRoute = createRoute({
  method: "post",
  path: "/tasks/{id}/retry",
  summary: "Run an ended task again, as a new attempt, with other arguments if there are any",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: {
    params: TaskId,
    body: { content: { "application/json": { schema: Retry } } },
  },
  responses: {
    202: json(StartedBody, "Waiting again"),
    ...problems(400, 403, 404, 408, 409, 413, 415, 422, 503),
  },
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
 * @param hidden what `broker` masks, and the broker that it masks
 */
export function taskRoutes(
  broker: Broker,
  registry: Registry,
  closing: AbortSignal,
  hidden: { mask: Mask; broker: Broker } | null,
): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(listRoute, (c) => sendPage(c, broker, c.req.valid("query")));

  app.openapi(getRoute, async (c) => {
    const { id } = c.req.valid("param");
    const { wait } = c.req.valid("query");
    const task = wait === 0
      ? await broker.get(id)
      : await waitForEnd(broker, id, wait * 1000, closing);
    if (task === null) throw noSuchTask(id);
    return c.json({ ...task, waiting_for: await waitingFor(broker, task) }, 200);
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
    const { args } = c.req.valid("json");
    const text = args === undefined ? undefined : await checkedArgs(id, args);
    const status = done(id, await broker.retry(id, text), "only an ended task can be run again");
    return c.json({ task_id: id, status }, 202);
  });

  async function checkedArgs(id: string, args: Json): Promise<string> {
    const task = await (hidden?.broker ?? broker).get(id);
    if (task === null) throw noSuchTask(id);
    const whole = hidden ? hidden.mask.restore(args, task.args) : args;
    return await registry.get(task.name).encodeArgs(whole);
  }

  app.openapi(forgetRoute, async (c) => {
    const { id } = c.req.valid("param");
    done(id, await broker.forget(id), "only an ended task can be forgotten; revoke it first");
    return c.body(null, 204);
  });

  return app;
}

/** Answers a page, with a link to the next one. */
export async function sendPage(
  c: Context,
  broker: Broker,
  { view, ...query }: TaskQuery & { view: "full" | "summary" },
) {
  const found = view === "full" ? await broker.list(query) : await broker.summarize(query);
  if (found.cursor !== null) {
    const next = new URL(c.req.url);
    next.searchParams.set("cursor", found.cursor);
    c.header("link", `<${next.pathname}${next.search}>; rel="next"`);
  }
  return c.json(found, 200);
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
