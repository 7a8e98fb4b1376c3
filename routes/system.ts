/** How the system as a whole is doing: totals, health, and what it consists of. */

import { hostname } from "node:os";
import process from "node:process";

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";
import type { SettingInfo, SystemInfo } from "../jobs/wire.ts";
import { problems, unavailable } from "./problem.ts";
import { json, StatsBody, SystemBody } from "./schemas.ts";

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

const systemRoute = createRoute({
  method: "get",
  path: "/system",
  summary: "What this server and its broker are, and the settings that count; passwords are hidden",
  responses: { 200: json(SystemBody, "At this moment"), ...problems(503) },
});

/** What a server tells of itself. */
export interface ServerFacts {
  version: string;
  settings: SettingInfo[];
  /** How many WebSockets are open. */
  sockets: () => number;
}

/** The routes about the system as a whole. */
export function systemRoutes(broker: Broker, server: ServerFacts): OpenAPIHono {
  const app = new OpenAPIHono();
  const ok = { status: "ok" } as const;

  app.openapi(statsRoute, async (c) => c.json(await broker.stats(), 200));
  app.openapi(healthRoute, (c) => c.json(ok, 200));

  app.openapi(systemRoute, async (c) => c.json(await systemInfo(broker, server), 200));

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

  return app;
}

async function systemInfo(broker: Broker, server: ServerFacts): Promise<SystemInfo> {
  const { answeredAt } = broker;
  const asked = performance.now();
  await broker.ping();
  const answered = performance.now();
  return {
    version: server.version,
    deno: Deno.version.deno,
    started_at: new Date(performance.timeOrigin).toISOString(),
    server: {
      hostname: hostname(),
      pid: process.pid,
      memory_mib: Math.round(Deno.memoryUsage().rss / 1024 / 1024),
      uptime_seconds: Math.floor(asked / 1000),
      sockets: server.sockets(),
    },
    broker: {
      ...await broker.facts(),
      answered_ms_ago: answeredAt === null ? null : Math.round(asked - answeredAt),
      round_trip_ms: Math.round(100 * (answered - asked)) / 100,
    },
    settings: server.settings,
  };
}

function lastAnswerSeconds({ answeredAt }: Broker): number | null {
  return answeredAt === null ? null : Math.round(performance.now() - answeredAt) / 1000;
}
