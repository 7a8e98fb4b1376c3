/** `POST /tasks` and `POST /tasks/batch`: starting tasks. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker, NewTask, Receipt } from "../jobs/broker.ts";
import {
  ArgumentsTooLargeError,
  InvalidArgumentsError,
  InvalidOptionError,
  UnknownTaskError,
} from "../jobs/errors.ts";
import type { Registry } from "../jobs/registry.ts";
import { type CallOptions, MAX_SECONDS } from "../jobs/options.ts";
import type { Json } from "../jobs/wire.ts";
import { jsonBody, readJson } from "./body.ts";
import { callFields, Seconds, Time } from "./call_fields.ts";
import { madeAnswer } from "./headers.ts";
import { type InputError, inputErrors, invalidInput, problems } from "./problem.ts";
import { AcceptedBody, AnyJson, json } from "./schemas.ts";

const MAX_BODY_BYTES = 1.25 * 1024 * 1024;
const MAX_BATCH_BYTES = 16 * 1024 * 1024;
const MAX_BATCH = 10_000;

/** How many errors of a batch are listed. */
const MAX_ERRORS = 100;

/** What a body without a name starts. */
const SAMPLE_TASK = "create_task";

const Call = z.strictObject({
  name: z.string().optional().openapi({ default: SAMPLE_TASK }),
  args: AnyJson.optional().openapi({ description: "An array, or an object with named arguments" }),
  ...z.object(callFields).partial().shape,
  countdown: Seconds.optional().openapi({ description: "Seconds to wait before it runs" }),
  eta: Time.optional().openapi({ description: "Not before this time; excludes countdown" }),
  expires: z.union([Seconds, Time], {
    error: `must be seconds (from 0 to ${MAX_SECONDS}) or a time in ISO 8601 with a time zone`,
  }).optional().openapi({ description: "If not started by then, it ends as REVOKED" }),
}).refine(({ countdown, eta }) => countdown === undefined || eta === undefined, {
  path: ["countdown"],
  error: "countdown and eta exclude each other",
}).openapi("Call", { example: { name: SAMPLE_TASK, args: [10] } });

type Call = z.infer<typeof Call>;

const Batch = z.strictObject({ tasks: z.array(Call).min(1).max(MAX_BATCH) }).openapi("Batch");

const Headers = z.object({
  "idempotency-key": z.string().min(1).max(255).optional().openapi({
    description: "A second request under the same key within a day gets the first one's task",
  }),
});

const startRoute = createRoute({
  method: "post",
  path: "/tasks",
  summary: "Start a task; without a body, the sample task",
  request: {
    headers: Headers,
    body: { content: { "application/json": { schema: Call } } },
  },
  responses: {
    202: json(AcceptedBody, "Accepted, or what was accepted before"),
    ...problems(400, 403, 404, 408, 413, 415, 422, 503),
  },
});

const batchRoute = createRoute({
  method: "post",
  path: "/tasks/batch",
  summary: `Start up to ${MAX_BATCH} tasks, all of them or none`,
  middleware: jsonBody(MAX_BATCH_BYTES),
  request: { body: { content: { "application/json": { schema: Batch } }, required: true } },
  responses: {
    202: json(z.object({ tasks: z.array(AcceptedBody) }), "Accepted, in the order given"),
    ...problems(400, 403, 408, 413, 415, 422, 503),
  },
});

/** The routes that start tasks. */
export function startRoutes(broker: Broker, registry: Registry): OpenAPIHono {
  const app = new OpenAPIHono();

  // The route of all that matters most how fast it is: it does what `app.openapi` would have several
  // middlewares do, and reads one header instead of all.
  app.openAPIRegistry.registerPath(startRoute);
  app.post(startRoute.getRoutingPath(), async (c) => {
    const idempotencyKey = c.req.header("idempotency-key");
    if (idempotencyKey !== undefined) valid(Headers, { "idempotency-key": idempotencyKey });
    const value = await readJson(c, MAX_BODY_BYTES);
    const call = isPlain(value) ? value : valid(Call, value);
    const task = await prepareOne(registry, call, idempotencyKey);
    const [receipt] = await broker.enqueue([task]) as [Receipt];
    if (receipt.conflict) {
      throw invalidInput([{
        path: "Idempotency-Key",
        message: `"${idempotencyKey}" was used for another request; use a new key for a new one`,
      }]);
    }
    return madeAnswer(accepted(receipt), 202, `/tasks/${receipt.id}`);
  });

  app.openapi(batchRoute, async (c) => {
    const calls = c.req.valid("json").tasks;
    const receipts = await broker.enqueue(await prepareAll(registry, calls));
    return c.json({ tasks: receipts.map(accepted) }, 202);
  });

  return app;
}

function valid<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw invalidInput(inputErrors(error));
  return data;
}

/** Whether a call says no more than what to start: of that the schema has nothing to check but this. */
function isPlain(call: Json): call is { name: string; args?: Json } {
  if (typeof call !== "object" || call === null || Array.isArray(call)) return false;
  return typeof call["name"] === "string" &&
    Object.keys(call).every((field) => field === "name" || field === "args");
}

function accepted({ id, status, created }: Receipt) {
  return { task_id: id, status, created };
}

function prepareOne(registry: Registry, call: Call, idempotencyKey?: string): Promise<NewTask> {
  const options = callOptions(call, idempotencyKey);
  return registry.get(call.name ?? SAMPLE_TASK).prepare(call.args, options);
}

async function prepareAll(registry: Registry, calls: Call[]): Promise<NewTask[]> {
  const tasks: NewTask[] = [];
  const errors: InputError[] = [];
  for (const [index, call] of calls.entries()) {
    try {
      tasks.push(await prepareOne(registry, call));
    } catch (error) {
      errors.push(...batchErrors(error, `tasks.${index}`));
      if (errors.length >= MAX_ERRORS) break;
    }
  }
  if (errors.length > 0) throw invalidInput(errors, { known: registry.names() });
  return tasks;
}

function batchErrors(error: unknown, at: string): InputError[] {
  if (error instanceof InvalidArgumentsError) {
    return error.issues.map(({ path, message }) => ({ path: `${at}.${path}`, message }));
  }
  if (error instanceof InvalidOptionError) {
    return [{ path: `${at}.${error.option}`, message: error.rule }];
  }
  if (error instanceof UnknownTaskError) return [{ path: `${at}.name`, message: error.message }];
  if (error instanceof ArgumentsTooLargeError) {
    return [{ path: `${at}.args`, message: error.message }];
  }
  throw error;
}

function callOptions(call: Call, idempotencyKey: string | undefined): CallOptions {
  const { queue, priority, countdown, eta, expires } = call;
  return {
    queue,
    priority,
    countdown,
    eta: eta === undefined ? undefined : new Date(eta),
    expires: typeof expires === "string" ? new Date(expires) : expires,
    maxRetries: call.max_retries,
    timeLimit: call.time_limit,
    softTimeLimit: call.soft_time_limit,
    unique: call.unique,
    uniqueKey: call.unique_key,
    concurrencyKey: call.concurrency_key,
    concurrencyLimit: call.concurrency_limit,
    idempotencyKey,
  };
}
