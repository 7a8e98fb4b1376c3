/** `GET /metrics` for Prometheus, made from the broker's totals at each scrape. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { Counter, Gauge, Registry as Metrics } from "prom-client";
import type { Broker } from "../jobs/broker.ts";
import { allQueues } from "../jobs/queues.ts";
import type { Registry } from "../jobs/registry.ts";
import { DURATION_BUCKETS, type Histogram as Durations, intervalMs } from "../jobs/wire.ts";
import { problems } from "./problem.ts";

/** Those of DURATION_BUCKETS that are worth a time series of each task name. */
const BOUNDS: ReadonlySet<number> = new Set([0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300]);

const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Figures for Prometheus",
  responses: {
    200: {
      description: "The text format of Prometheus",
      content: { [Metrics.PROMETHEUS_CONTENT_TYPE]: { schema: z.string() } },
    },
    ...problems(503),
  },
});

/**
 * The route of the metrics.
 * @param clients how many WebSockets are open
 */
export function metricsRoutes(
  broker: Broker,
  registry: Registry,
  clients: () => number,
): OpenAPIHono {
  const app = new OpenAPIHono();
  const metrics = new Metrics();
  const registers = [metrics];

  const enqueued = new Counter({
    name: "taskapp_tasks_enqueued_total",
    help: "Tasks accepted",
    registers,
  });
  const ended = new Counter({
    name: "taskapp_tasks_total",
    help: "Ended runs, RETRY being those that will be repeated",
    labelNames: ["name", "queue", "outcome"],
    registers,
  });
  const depth = new Gauge({
    name: "taskapp_queue_depth",
    help: "Tasks that have not ended, by queue",
    labelNames: ["queue", "state"],
    registers,
  });
  const paused = new Gauge({
    name: "taskapp_queue_paused",
    help: "1 for a paused queue",
    labelNames: ["queue"],
    registers,
  });
  const rateLimit = new Gauge({
    name: "taskapp_queue_rate_limit",
    help: "Tasks of a queue that may start in a second, where it has such a limit",
    labelNames: ["queue"],
    registers,
  });
  const concurrencyLimit = new Gauge({
    name: "taskapp_queue_concurrency_limit",
    help: "Tasks of a queue that may run at once, where it has such a limit",
    labelNames: ["queue"],
    registers,
  });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const dead = gauge(
    "taskapp_tasks_dead",
    "Tasks that have failed for good and are kept, up to 10000",
  );
  const workers = gauge("taskapp_workers", "Live workers");
  const slots = gauge("taskapp_worker_slots", "Tasks that the live workers can run at once");
  const busy = gauge("taskapp_worker_slots_busy", "Tasks that the live workers hold");
  const sockets = gauge("taskapp_websocket_clients", "Open WebSockets of this process");

  app.openapi(metricsRoute, async (c) => {
    const [stats, counts, queues, live] = await Promise.all([
      broker.stats(),
      broker.counts(),
      allQueues(broker, registry),
      broker.workers(),
    ]);
    enqueued.reset();
    enqueued.inc(stats.enqueued);
    ended.reset();
    for (const { count, ...labels } of stats.outcomes) ended.inc(labels, count);
    depth.reset();
    for (const metric of [paused, rateLimit, concurrencyLimit]) metric.reset();
    for (const { name: queue, ...info } of queues) {
      for (const state of ["waiting", "scheduled", "active"] as const) {
        depth.set({ queue, state }, info[state]);
      }
      paused.set({ queue }, info.paused ? 1 : 0);
      const { rate_limit, concurrency_limit } = info;
      if (rate_limit !== null) rateLimit.set({ queue }, 1000 / intervalMs(rate_limit));
      if (concurrency_limit !== null) concurrencyLimit.set({ queue }, concurrency_limit);
    }
    dead.set(counts.dead);
    workers.set(live.length);
    slots.set(live.reduce((sum, { concurrency }) => sum + concurrency, 0));
    busy.set(live.reduce((sum, { active }) => sum + active, 0));
    sockets.set(clients());
    const text = [
      await metrics.metrics(),
      histogram("taskapp_task_runtime_seconds", "From start to end of a run", stats.run_time),
      histogram("taskapp_task_wait_seconds", "From ready to run to started", stats.wait_time),
    ];
    return c.text(text.join("\n"), 200, { "content-type": metrics.contentType });
  });

  return app;
}

/**
 * A histogram as text: prom-client has them only for durations that it measured itself. Task names
 * need no escaping, NAME_PATTERN sees to that.
 */
function histogram(metric: string, help: string, durations: Durations[]): string {
  const lines = [`# HELP ${metric} ${help}`, `# TYPE ${metric} histogram`];
  for (const { name, buckets, count, sum_seconds } of durations) {
    let below = 0;
    for (const [index, bound] of DURATION_BUCKETS.entries()) {
      below += buckets[index] ?? 0;
      if (BOUNDS.has(bound)) lines.push(`${metric}_bucket{name="${name}",le="${bound}"} ${below}`);
    }
    lines.push(
      `${metric}_bucket{name="${name}",le="+Inf"} ${count}`,
      `${metric}_sum{name="${name}"} ${sum_seconds}`,
      `${metric}_count{name="${name}"} ${count}`,
    );
  }
  return lines.join("\n") + "\n";
}
