/** What the queue is made of and how it is doing: task types, queues, workers, totals, health. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";
import type { Registry } from "../jobs/registry.ts";
import type { QueueInfo } from "../jobs/wire.ts";
import { Problem, problems, unavailable } from "./problem.ts";
import { json, QueueBody, StatsBody, TaskTypeBody, WorkerBody } from "./schemas.ts";

const taskTypesRoute = createRoute({
  method: "get",
  path: "/task-types",
  summary: "The tasks that can be started, with the JSON Schema of their arguments",
  responses: { 200: json(z.object({ task_types: z.array(TaskTypeBody) }), "By name") },
});

const queuesRoute = createRoute({
  method: "get",
  path: "/queues",
  summary: "The queues and their lengths",
  responses: { 200: json(z.object({ queues: z.array(QueueBody) }), "By name"), ...problems(503) },
});

const QueueName = z.object({ name: z.string() });
const PausedBody = json(z.object({ name: z.string(), paused: z.boolean() }), "Done");

const pauseRoute = createRoute({
  method: "post",
  path: "/queues/{name}/pause",
  summary: "Start nothing more from this queue until it is resumed",
  request: { params: QueueName },
  responses: { 200: PausedBody, ...problems(403, 404, 503) },
});

const resumeRoute = createRoute({
  method: "post",
  path: "/queues/{name}/resume",
  summary: "Go on with a paused queue",
  request: { params: QueueName },
  responses: { 200: PausedBody, ...problems(403, 404, 503) },
});

const workersRoute = createRoute({
  method: "get",
  path: "/workers",
  summary: "The live workers",
  responses: { 200: json(z.object({ workers: z.array(WorkerBody) }), "By name"), ...problems(503) },
});

const statsRoute = createRoute({
  method: "get",
  path: "/stats",
  summary: "Totals and durations",
  responses: { 200: json(StatsBody, "Since the broker's data began"), ...problems(503) },
});

const HealthBody = json(z.object({ status: z.literal("ok") }), "It is");

const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether this process is alive",
  responses: { 200: HealthBody },
});

const LastAnswer = z.number().nullable().openapi({
  description: "How long ago, before this was asked; null if it never did",
});

const readyRoute = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether the broker can be reached, and when it last answered this process",
  responses: {
    200: json(z.object({ status: z.literal("ok"), last_answer_seconds: LastAnswer }), "It can"),
    ...problems(503),
  },
});

/** The routes about the system as a whole. */
export function systemRoutes(broker: Broker, registry: Registry): OpenAPIHono {
  const app = new OpenAPIHono();
  const ok = { status: "ok" } as const;

  app.openapi(taskTypesRoute, (c) => {
    return c.json({ task_types: registry.all().map((task) => task.describe()) }, 200);
  });

  app.openapi(queuesRoute, async (c) => c.json({ queues: await allQueues(broker, registry) }, 200));

  app.openapi(pauseRoute, async (c) => {
    const { name } = c.req.valid("param");
    await mustExist(name);
    await broker.pause(name);
    return c.json({ name, paused: true }, 200);
  });

  app.openapi(resumeRoute, async (c) => {
    const { name } = c.req.valid("param");
    await mustExist(name);
    await broker.resume(name);
    return c.json({ name, paused: false }, 200);
  });

  app.openapi(workersRoute, async (c) => c.json({ workers: await broker.workers() }, 200));
  app.openapi(statsRoute, async (c) => c.json(await broker.stats(), 200));
  app.openapi(healthRoute, (c) => c.json(ok, 200));

  app.openapi(readyRoute, async (c) => {
    const last_answer_seconds = lastAnswerSeconds(broker);
    try {
      await broker.ping();
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      const ago = last_answer_seconds === null
        ? "it never has answered this server"
        : `its last answer was ${last_answer_seconds} s ago`;
      throw unavailable(`The broker does not answer: ${ago}`, { last_answer_seconds });
    }
    return c.json({ ...ok, last_answer_seconds }, 200);
  });

  async function mustExist(queue: string): Promise<void> {
    const known = (await allQueues(broker, registry)).map(({ name }) => name);
    if (known.includes(queue)) return;
    throw new Problem(404, `No queue is named "${queue}"; known queues: ${known.join(", ")}`, {
      known,
    });
  }

  return app;
}

function lastAnswerSeconds({ answeredAt }: Broker): number | null {
  return answeredAt === null ? null : Math.round(performance.now() - answeredAt) / 1000;
}

/** The queues that the broker has seen and those that registered tasks name, by name. */
export async function allQueues(broker: Broker, registry: Registry): Promise<QueueInfo[]> {
  const unused = {
    ...{ waiting: 0, scheduled: 0, active: 0, paused: false },
    ...{ rate_limit: null, concurrency_limit: null },
  };
  const queues = new Map<string, QueueInfo>(
    registry.queues().map((name) => [name, { name, ...unused }]),
  );
  for (const queue of await broker.queues()) queues.set(queue.name, queue);
  return [...queues.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}
