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
import { deadGroups, outdateDeadGroups } from "../jobs/dead_groups.ts";
import { jsonBody } from "./body.ts";
import { DEAD_FIELDS } from "./filter.ts";
import { problems } from "./problem.ts";
import { DeadGroupsBody, json } from "./schemas.ts";
import { PageBody, PageQuery, sendPage } from "./tasks.ts";

/** Ten thousand ids. */
const MAX_BODY_BYTES = 1024 * 1024;

const listRoute = createRoute({
  method: "get",
  path: "/dead",
  summary: "List the dead tasks, those that have failed for good, the newest first",
  request: { query: PageQuery.omit({ state: true, dead: true }) },
  responses: {
    200: json(PageBody, "A page, and the cursor of the next one"),
    ...problems(400, 422, 503),
  },
});

const groupsRoute = createRoute({
  method: "get",
  path: "/dead/groups",
  summary: "The newest dead tasks by name and error, the largest group first",
  responses: { 200: json(DeadGroupsBody, "The groups"), ...problems(503) },
});

const Selection = z.strictObject({
  ids: z.array(z.string()).min(1).max(MAX_DEAD).optional().openapi({
    description: "These; excludes all other fields",
  }),
  ...DEAD_FIELDS,
  limit: z.int().min(1).max(MAX_DEAD).optional().openapi({
    default: DEFAULT_DEAD,
    description: "The newest of those that fit all fields",
  }),
}).refine((selection) => Object.keys(selection).length > 0, {
  error: "must say which: ids, or fields such as name and error, or a limit alone for any",
}).refine((selection) => selection.ids === undefined || Object.keys(selection).length === 1, {
  path: ["ids"],
  error: "excludes all other fields",
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

  app.openapi(
    listRoute,
    (c) => sendPage(c, broker, { ...c.req.valid("query"), dead: true }),
  );

  app.openapi(groupsRoute, async (c) => c.json(await deadGroups(broker), 200));

  app.openapi(replayRoute, async (c) => {
    const { count, more } = await replayDead(broker, selected(c.req.valid("json")));
    outdateDeadGroups(broker);
    return c.json({ replayed: count, more }, 200);
  });

  app.openapi(forgetRoute, async (c) => {
    const { count, more } = await forgetDead(broker, selected(c.req.valid("json")));
    outdateDeadGroups(broker);
    return c.json({ forgotten: count, more }, 200);
  });

  return app;
}

function selected(selection: z.infer<typeof Selection>): DeadSelection {
  return { ...selection, limit: selection.limit ?? selection.ids?.length ?? DEFAULT_DEAD };
}
