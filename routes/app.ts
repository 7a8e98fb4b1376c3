/** The whole HTTP interface, put together from injected parts. */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { Broker } from "../jobs/broker.ts";
import type { Registry } from "../jobs/registry.ts";
import { accessRoutes } from "./access.ts";
import { isRoute, ruleOf } from "./access_rules.ts";
import { bulkRoutes } from "./bulk.ts";
import { deadRoutes } from "./dead.ts";
import { docsRoutes } from "./docs.ts";
import { eventRoutes } from "./events.ts";
import { historyRoutes } from "./history.ts";
import { Hub } from "./hub.ts";
import { liveRoutes } from "./live.ts";
import { metricsRoutes } from "./metrics.ts";
import { refuseCrossSiteChanges, refuseOtherHosts } from "./origin.ts";
import { page } from "./page.ts";
import { inputErrors, invalidInput, notFound, onError, Problem } from "./problem.ts";
import { refuseUnknownParameters } from "./query.ts";
import { queueRoutes } from "./queues.ts";
import { scheduleRoutes } from "./schedules.ts";
import { startRoutes } from "./start.ts";
import { systemRoutes } from "./system.ts";
import { taskTypeRoutes } from "./task_types.ts";
import { taskRoutes } from "./tasks.ts";
import { Topics, topicSources } from "./topics.ts";
import { tutorialRoutes, wordRoute } from "./tutorial.ts";

export interface AppParts {
  broker: Broker;
  registry: Registry;
  /** Whether `GET /{word}` starts a task. */
  tutorialRoutes: boolean;
  version: string;
  /** Names that requests may be addressed to; null for any. */
  allowedHosts: string[] | null;
}

export interface App extends Pick<OpenAPIHono, "fetch" | "request" | "routes"> {
  /** Ends sockets, streams and waiting requests; call it before the server is shut down. */
  close(): Promise<void>;
}

const headers: MiddlewareHandler = async (c, next) => {
  c.header("x-content-type-options", "nosniff");
  c.header("cache-control", "no-store");
  await next();
};

/**
 * Builds the application. It opens nothing until a client watches something.
 * @throws {TypeError} a route has no rule that says who may use it
 */
export function createApp(parts: AppParts): App {
  const { broker, registry, tutorialRoutes: words, version, allowedHosts } = parts;
  const hub = new Hub(broker);
  const closing = new AbortController();
  const topics = new Topics(topicSources(broker, registry));
  const live = liveRoutes({ hub, topics, broker });
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalidInput(inputErrors(result.error));
    },
  });
  app.onError(onError);
  app.notFound(notFound);

  app.use(refuseOtherHosts(allowedHosts));
  app.route("/", page());
  app.use(headers);
  app.use(refuseCrossSiteChanges);
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allow = methods.join(", ");
      throw new Problem(405, `${c.req.path} answers to ${allow} only`, {}, { allow });
    },
  }));
  app.use(refuseUnknownParameters(app));
  app.route("/", accessRoutes());
  app.route("/", startRoutes(broker, registry));
  app.route("/", historyRoutes(broker));
  app.route("/", bulkRoutes(broker));
  app.route("/", taskRoutes(broker, registry, closing.signal));
  app.route("/", eventRoutes(broker, hub));
  app.route("/", deadRoutes(broker));
  app.route("/", scheduleRoutes(broker, registry));
  app.route("/", taskTypeRoutes(broker, registry));
  app.route("/", queueRoutes(broker, registry));
  app.route("/", systemRoutes(broker));
  app.route("/", metricsRoutes(broker, registry, live.clients));
  app.route("/", tutorialRoutes(broker, registry));
  app.route("/", live.routes);
  app.route("/", docsRoutes(app, version));
  if (words) app.route("/", wordRoute(broker, registry));
  for (const route of app.routes.filter(isRoute)) ruleOf(route);

  return {
    fetch: app.fetch,
    request: app.request,
    routes: app.routes,
    async close() {
      closing.abort();
      topics.close();
      await hub.close();
    },
  };
}
