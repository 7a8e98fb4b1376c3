/** `/dead`: the tasks that have failed for good, to be looked at, replayed or forgotten. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import {
  type DeadSelection,
  DEFAULT_DEAD,
  forgetDead,
  MAX_DEAD,
  replayDead,
} from "../jobs/dead.ts";
import { jsonBody } from "./body.ts";
import { problems } from "./problem.ts";
import { json } from "./schemas.ts";
import { MAX_ERROR_PART, PageBody, PageQuery, sendPage } from "./tasks.ts";

/** Ten thousand ids. */
const MAX_BODY_BYTES = 1024 * 1024;

const listRoute = createRoute({
  method: "get",
  path: "/dead",
  summary: "List the dead tasks, those that have failed for good, the newest first",
  request: { query: PageQuery.omit({ state: true }) },
  responses: {
    200: json(PageBody, "A page, and the cursor of the next one"),
    ...problems(400, 422, 503),
  },
});

const Selection = z.strictObject({
  ids: z.array(z.string()).min(1).max(MAX_DEAD).optional().openapi({
    description: "These; excludes all other fields",
  }),
  name: z.string().optional(),
  queue: z.string().optional(),
  error: z.string().min(1).max(MAX_ERROR_PART).optional().openapi({
    description: "Part of the type or the message of the error",
  }),
  limit: z.int().min(1).max(MAX_DEAD).optional().openapi({
    default: DEFAULT_DEAD,
    description: "The newest of those that fit all fields",
  }),
}).refine((selection) => Object.keys(selection).length > 0, {
  error: "must say which: ids, or name, queue or error, or a limit alone for any",
}).refine((selection) => selection.ids === undefined || Object.keys(selection).length === 1, {
  path: ["ids"],
  error: "excludes name, queue, error and limit",
}).openapi("DeadSelection", { example: { name: "webhook", error: "answered 503" } });

const request = {
  body: { content: { "application/json": { schema: Selection } }, required: true },
};
const errors = problems(400, 403, 408, 413, 415, 422, 503);
const More = z.boolean().openapi({ description: "Whether more fit: ask again for these" });

const replayRoute = createRoute({
  method: "post",
  path: "/dead/replay",
  summary: "Run dead tasks again",
  middleware: jsonBody(MAX_BODY_BYTES),
  request,
  responses: {
    200: json(z.object({ replayed: z.number().int(), more: More }), "How many wait again"),
    ...errors,
  },
});

const forgetRoute = createRoute({
  method: "post",
  path: "/dead/forget",
  summary: "Delete dead tasks",
  middleware: jsonBody(MAX_BODY_BYTES),
  request,
  responses: {
    200: json(z.object({ forgotten: z.number().int(), more: More }), "How many are gone"),
    ...errors,
  },
});

/** The routes of dead tasks. */
export function deadRoutes(broker: Broker): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(listRoute, async (c) => {
    return sendPage(c, await broker.list({ ...c.req.valid("query"), state: "FAILURE" }));
  });

  app.openapi(replayRoute, async (c) => {
    const { count, more } = await replayDead(broker, selected(c.req.valid("json")));
    return c.json({ replayed: count, more }, 200);
  });

  app.openapi(forgetRoute, async (c) => {
    const { count, more } = await forgetDead(broker, selected(c.req.valid("json")));
    return c.json({ forgotten: count, more }, 200);
  });

  return app;
}

function selected(selection: z.infer<typeof Selection>): DeadSelection {
  return { ...selection, limit: selection.limit ?? selection.ids?.length ?? DEFAULT_DEAD };
}
