/** `POST /tasks/bulk`: cancelling, retrying or deleting many tasks, in steps. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { bulkStep, MAX_IDS } from "../jobs/bulk.ts";
import { outdateDeadGroups } from "../jobs/dead_groups.ts";
import { BULK_ACTIONS, type BulkStep } from "../jobs/wire.ts";
import { jsonBody } from "./body.ts";
import { FilterBody } from "./filter.ts";
import { problems } from "./problem.ts";
import { json } from "./schemas.ts";

/** A thousand ids, or a filter with all its texts. */
const MAX_BODY_BYTES = 128 * 1024;

const Request = z.strictObject({
  action: z.enum(BULK_ACTIONS).openapi({
    description: "cancel is for tasks that have not ended, retry and delete for those that have",
  }),
  ids: z.array(z.string().max(1000)).min(1).max(MAX_IDS).optional().openapi({
    description: "These tasks; excludes filter and cursor",
  }),
  filter: FilterBody.optional(),
  cursor: z.string().optional().openapi({
    description: "From the step before, with the same action, filter and dry_run",
  }),
  dry_run: z.boolean().optional().openapi({ description: "Only count" }),
}).refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
  error: "must have either ids or filter",
}).refine(({ ids, cursor }) => ids === undefined || cursor === undefined, {
  path: ["cursor"],
  error: "goes with filter only",
}).openapi("BulkRequest", { example: { action: "retry", filter: { state: "FAILURE" } } });

const StepBody: z.ZodType<BulkStep> = z.object({
  matched: z.number().int().openapi({ description: "Tasks that fit" }),
  done: z.number().int().openapi({ description: "With which it was done, or would be" }),
  skipped: z.number().int().openapi({ description: "Unknown by now, or in another state" }),
  looked: z.number().int(),
  cursor: z.string().nullable().openapi({ description: "Ask again with it, until it is null" }),
}).openapi("BulkStep");

const bulkRoute = createRoute({
  method: "post",
  path: "/tasks/bulk",
  summary: "Cancel, retry or delete many tasks, one step at a time",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: { body: { content: { "application/json": { schema: Request } }, required: true } },
  responses: {
    200: json(StepBody, "What this step did"),
    ...problems(400, 403, 408, 413, 415, 422, 503),
  },
});

/** The route of actions on many tasks. */
export function bulkRoutes(broker: Broker): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(bulkRoute, async (c) => {
    const { action, ids, filter = {}, cursor, dry_run: isDryRun = false } = c.req.valid("json");
    const selection = ids ? { ids } : { filter, cursor };
    const step = await bulkStep(broker, action, selection, isDryRun);
    if (step.done > 0 && !isDryRun && action !== "cancel") outdateDeadGroups(broker);
    return c.json(step, 200);
  });

  return app;
}
