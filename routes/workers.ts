/** `/workers`: the live workers, and telling one what to do. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { getWorker, tellWorker } from "../jobs/worker_control.ts";
import { MAX_CONCURRENCY } from "../jobs/worker_options.ts";
import { NAME_PATTERN, WORKER_COMMANDS, type WorkerCommand } from "../jobs/wire.ts";
import { jsonBody } from "./body.ts";
import { inputErrors, invalidInput, problems } from "./problem.ts";
import { json, WorkerBody } from "./schemas.ts";

const MAX_BODY_BYTES = 1024;

const listRoute = createRoute({
  method: "get",
  path: "/workers",
  summary: "The live workers",
  responses: { 200: json(z.object({ workers: z.array(WorkerBody) }), "By name"), ...problems(503) },
});

const getRoute = createRoute({
  method: "get",
  path: "/workers/{name}",
  summary: "One of the live workers",
  request: { params: z.object({ name: z.string() }) },
  responses: { 200: json(WorkerBody, "As its last heartbeat says"), ...problems(404, 503) },
});

const slots = { error: `must be a whole number from 1 to ${MAX_CONCURRENCY}` };
const Slots = z.int(slots).min(1, slots).max(MAX_CONCURRENCY, slots);
const QueueName = z.string({ error: "must be the name of a queue" })
  .regex(NAME_PATTERN, { error: `must match ${NAME_PATTERN.source}` });

const Command: z.ZodType<WorkerCommand> = z.discriminatedUnion("command", [
  z.strictObject({ command: z.enum(["quiet", "resume", "shutdown", "restart-pool"]) }),
  z.strictObject({ command: z.enum(["grow", "shrink"]), n: Slots }),
  z.strictObject({ command: z.literal("autoscale"), min: Slots, max: Slots }),
  z.strictObject({ command: z.enum(["add-queue", "remove-queue"]), queue: QueueName }),
]).refine((command) => command.command !== "autoscale" || command.min <= command.max, {
  error: "must not be more than max",
  path: ["min"],
});

const CommandBody = z.looseObject({
  n: Slots.optional().openapi({ description: "Of grow and shrink: how many slots" }),
  min: Slots.optional().openapi({ description: "Of autoscale" }),
  max: Slots.optional().openapi({ description: "Of autoscale" }),
  queue: QueueName.optional().openapi({ description: "Of add-queue and remove-queue" }),
}).openapi("WorkerCommand", { example: { n: 2 } });

const commandRoute = createRoute({
  method: "post",
  path: "/workers/{name}/{command}",
  summary: "Tell a worker what to do; within seconds its last_command says what became of it",
  description: "No task is stopped for it. A command that the worker does not hear of within " +
    "10 s is not carried out, and none is carried out twice. What supervises the worker may " +
    "start another after shutdown.",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: {
    params: z.object({ name: z.string(), command: z.enum(WORKER_COMMANDS) }),
    body: { content: { "application/json": { schema: CommandBody } } },
  },
  responses: {
    202: json(z.object({ worker: z.string(), command_id: z.string() }), "It is told"),
    ...problems(400, 403, 404, 408, 409, 413, 415, 422, 503),
  },
});

/** The routes of workers. */
export function workerRoutes(broker: Broker): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(listRoute, async (c) => c.json({ workers: await broker.workers() }, 200));

  app.openapi(getRoute, async (c) => {
    return c.json(await getWorker(broker, c.req.valid("param").name), 200);
  });

  app.openapi(commandRoute, async (c) => {
    const { name, command } = c.req.valid("param");
    const parsed = Command.safeParse({ ...c.req.valid("json"), command });
    if (!parsed.success) throw invalidInput(inputErrors(parsed.error));
    const command_id = await tellWorker(broker, name, parsed.data);
    return c.json({ worker: name, command_id }, 202);
  });

  return app;
}
