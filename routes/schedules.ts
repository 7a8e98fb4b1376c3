/** `/schedules`: tasks that are started again and again; and when they would be. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Mask } from "../jobs/access_mask.ts";
import { maskSchedule } from "../jobs/access_masked.ts";
import type { Broker } from "../jobs/broker.ts";
import type { Registry } from "../jobs/registry.ts";
import type { ScheduleDefinition } from "../jobs/schedule.ts";
import { type ScheduleChanges, Schedules, UnknownScheduleError } from "../jobs/schedule_control.ts";
import { type Json, MISFIRES, type Schedule } from "../jobs/wire.ts";
import { jsonBody } from "./body.ts";
import { callFields, Seconds, Time } from "./call_fields.ts";
import { problems } from "./problem.ts";
import { AcceptedBody, AnyJson, json, ScheduleBody, ScheduleRunBody } from "./schemas.ts";

const MAX_BODY_BYTES = 256 * 1024;
const MAX_PAGE = 500;

const cron = z.string().openapi({
  description:
    "Minute, hour, day of month, month, day of week; or six fields with seconds in front",
  example: "30 2 * * *",
});
const timezone = z.string().openapi({
  description: "IANA name of the zone whose clock cron follows; UTC",
  example: "Europe/Berlin",
});
const every = z.number().openapi({ type: "integer", minimum: 1, description: "Seconds" });

const Definition = z.strictObject({
  task: z.string(),
  args: AnyJson.optional().openapi({ description: "An array, or an object with named arguments" }),
  cron: cron.nullish(),
  timezone: timezone.nullish(),
  every: every.nullish(),
  start: Time.nullish().openapi({ description: "Not before this time; every counts from it" }),
  end: Time.nullish().openapi({ description: "Not after this time" }),
  misfire: z.enum(MISFIRES).nullish().openapi({
    description: "Which ticks run that nobody was there for; last",
  }),
  expires: Seconds.nullish().openapi({ description: "Seconds; later its tasks are not started" }),
  queue: callFields.queue.nullish(),
  priority: callFields.priority.nullish(),
  max_retries: callFields.max_retries.nullish(),
  time_limit: callFields.time_limit.nullish(),
  soft_time_limit: callFields.soft_time_limit.nullish(),
  unique: callFields.unique.nullish(),
  unique_key: callFields.unique_key.nullish(),
  concurrency_key: callFields.concurrency_key.nullish(),
  concurrency_limit: callFields.concurrency_limit.nullish(),
  paused: z.boolean().nullish(),
});

const example = { task: "create_task", args: [10], cron: "30 2 * * *", timezone: "Europe/Berlin" };
const NewSchedule = Definition.extend({ name: z.string() })
  .openapi("NewSchedule", { example: { name: "nightly", ...example } });
const NamedSchedule = Definition.openapi("ScheduleDefinition", { example });
const Changes = Definition.partial().openapi("ScheduleChanges", { example: { cron: "0 4 * * *" } });

const Name = z.object({ name: z.string() });
const Detail = ScheduleBody.extend({
  next_times: z.array(z.string()).openapi({ description: "The next five; none while paused" }),
}).openapi("ScheduleDetail");

function body<T extends z.ZodType>(schema: T) {
  return { content: { "application/json": { schema } }, required: true };
}

const listRoute = createRoute({
  method: "get",
  path: "/schedules",
  summary: "List schedules, by name",
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50).openapi({ type: "integer" }),
      cursor: z.string().optional().openapi({ description: "From the page before" }),
    }),
  },
  responses: {
    200: json(
      z.object({ schedules: z.array(ScheduleBody), cursor: z.string().nullable() }),
      "A page, and the cursor of the next one",
    ),
    ...problems(400, 422, 503),
  },
});

const createScheduleRoute = createRoute({
  method: "post",
  path: "/schedules",
  summary: "Make a schedule",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: { body: body(NewSchedule) },
  responses: {
    201: json(ScheduleBody, "Made"),
    ...problems(400, 403, 408, 409, 413, 415, 422, 503),
  },
});

const getRoute = createRoute({
  method: "get",
  path: "/schedules/{name}",
  summary: "A schedule, and when it is due next",
  request: { params: Name },
  responses: { 200: json(Detail, "The schedule"), ...problems(404, 503) },
});

const replaceRoute = createRoute({
  method: "put",
  path: "/schedules/{name}",
  summary: "Make a schedule, or put it in the place of another",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: { params: Name, body: body(NamedSchedule) },
  responses: {
    200: json(ScheduleBody, "Replaced"),
    201: json(ScheduleBody, "Made"),
    ...problems(400, 403, 408, 409, 413, 415, 422, 503),
  },
});

const updateRoute = createRoute({
  method: "patch",
  path: "/schedules/{name}",
  summary: "Change some of a schedule; null takes back what a field says",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: { params: Name, body: body(Changes) },
  responses: {
    200: json(ScheduleBody, "Changed"),
    ...problems(400, 403, 404, 408, 409, 413, 415, 422, 503),
  },
});

const removeRoute = createRoute({
  method: "delete",
  path: "/schedules/{name}",
  summary: "Delete a schedule with its history; what it has started goes on",
  request: { params: Name },
  responses: { 204: { description: "Deleted" }, ...problems(403, 404, 409, 503) },
});

const pauseRoute = createRoute({
  method: "post",
  path: "/schedules/{name}/pause",
  summary: "Start nothing more by this schedule until it is resumed",
  request: { params: Name },
  responses: { 200: json(ScheduleBody, "Paused"), ...problems(403, 404, 409, 503) },
});

const resumeRoute = createRoute({
  method: "post",
  path: "/schedules/{name}/resume",
  summary: "Go on with a paused schedule, from its next time on",
  request: { params: Name },
  responses: { 200: json(ScheduleBody, "Resumed"), ...problems(403, 404, 409, 503) },
});

const runRoute = createRoute({
  method: "post",
  path: "/schedules/{name}/run",
  summary: "Start its task now; its times stay as they are",
  request: { params: Name },
  responses: { 202: json(AcceptedBody, "Accepted"), ...problems(403, 404, 409, 503) },
});

const runsRoute = createRoute({
  method: "get",
  path: "/schedules/{name}/runs",
  summary: "What became of its last hundred ticks, the newest first",
  request: { params: Name },
  responses: {
    200: json(z.object({ runs: z.array(ScheduleRunBody) }), "The runs"),
    ...problems(404, 503),
  },
});

const timesRoute = createRoute({
  method: "get",
  path: "/schedule-times",
  summary: "When a schedule would be due: the next five times",
  request: {
    query: z.object({
      cron: cron.optional(),
      timezone: timezone.optional(),
      every: z.coerce.number().optional().openapi({ type: "integer", minimum: 1 }),
      start: Time.optional(),
      end: Time.optional(),
    }),
  },
  responses: {
    200: json(z.object({ times: z.array(z.string()) }), "In UTC"),
    ...problems(422, 503),
  },
});

/**
 * The routes of schedules.
 * @param mask what is not shown of their arguments; where it comes back, what is hidden stays
 */
export function scheduleRoutes(
  broker: Broker,
  registry: Registry,
  mask: Mask | null,
): OpenAPIHono {
  const app = new OpenAPIHono();
  const schedules = new Schedules(broker, registry);
  const shown = <T extends Schedule>(schedule: T): T =>
    mask ? maskSchedule(schedule, mask) : schedule;

  async function whole<T extends { args?: Json | undefined }>(name: string, given: T): Promise<T> {
    if (!mask || given.args === undefined) return given;
    const { args } = await schedules.get(name) ?? { args: null };
    return { ...given, args: mask.restore(given.args, args) };
  }

  app.openapi(listRoute, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const page = await schedules.list(limit, cursor);
    return c.json({ ...page, schedules: page.schedules.map(shown) }, 200);
  });

  app.openapi(createScheduleRoute, async (c) => {
    const { name, ...given } = c.req.valid("json");
    const schedule = await schedules.create(name, definition(given));
    c.header("location", `/schedules/${name}`);
    return c.json(shown(schedule), 201);
  });

  app.openapi(getRoute, async (c) => {
    const { name } = c.req.valid("param");
    const schedule = await schedules.get(name);
    if (!schedule) throw new UnknownScheduleError(name);
    return c.json({ ...shown(schedule), next_times: await schedules.upcoming(name) }, 200);
  });

  app.openapi(replaceRoute, async (c) => {
    const { name } = c.req.valid("param");
    const given = definition(await whole(name, c.req.valid("json")));
    const { schedule, created } = await schedules.replace(name, given);
    return created ? c.json(shown(schedule), 201) : c.json(shown(schedule), 200);
  });

  app.openapi(updateRoute, async (c) => {
    const { name } = c.req.valid("param");
    const given = changes(await whole(name, c.req.valid("json")));
    return c.json(shown(await schedules.update(name, given)), 200);
  });

  app.openapi(removeRoute, async (c) => {
    await schedules.remove(c.req.valid("param").name);
    return c.body(null, 204);
  });

  app.openapi(pauseRoute, async (c) => {
    return c.json(shown(await schedules.pause(c.req.valid("param").name)), 200);
  });

  app.openapi(resumeRoute, async (c) => {
    return c.json(shown(await schedules.resume(c.req.valid("param").name)), 200);
  });

  app.openapi(runRoute, async (c) => {
    const { id, status, created } = await schedules.run(c.req.valid("param").name);
    c.header("location", `/tasks/${id}`);
    return c.json({ task_id: id, status, created }, 202);
  });

  app.openapi(runsRoute, async (c) => {
    return c.json({ runs: await schedules.runs(c.req.valid("param").name) }, 200);
  });

  app.openapi(timesRoute, async (c) => {
    const { start, end, ...times } = c.req.valid("query");
    const preview = schedules.preview({
      ...times,
      start: start === undefined ? undefined : new Date(start),
      end: end === undefined ? undefined : new Date(end),
    });
    return c.json({ times: await preview }, 200);
  });

  return app;
}

/** What a client says, in the engine's words. */
function changes(given: z.infer<typeof Changes>): ScheduleChanges {
  const { max_retries, time_limit, soft_time_limit, start, end, ...others } = given;
  const { unique_key, concurrency_key, concurrency_limit, ...same } = others;
  return {
    ...same,
    start: typeof start === "string" ? new Date(start) : start,
    end: typeof end === "string" ? new Date(end) : end,
    maxRetries: max_retries,
    timeLimit: time_limit,
    softTimeLimit: soft_time_limit,
    uniqueKey: unique_key,
    concurrencyKey: concurrency_key,
    concurrencyLimit: concurrency_limit,
  };
}

function definition(given: z.infer<typeof Definition>): ScheduleDefinition {
  const said = Object.entries(changes(given)).filter(([field, value]) =>
    value !== null || field === "args"
  );
  return { ...Object.fromEntries(said), task: given.task };
}
