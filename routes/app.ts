/** The whole HTTP interface, put together from injected parts. */

import { OpenAPIHono } from "@hono/zod-openapi";
import { methodNotAllowed } from "hono/method-not-allowed";
import { maskedBroker } from "../jobs/access_masked.ts";
import type { Broker } from "../jobs/broker.ts";
import type { Registry } from "../jobs/registry.ts";
import type { SettingInfo } from "../jobs/wire.ts";
import { accessRoutes } from "./access.ts";
import { accountRoutes } from "./access_accounts.ts";
import { audit, auditRoutes } from "./access_audit.ts";
import { findRule, guard } from "./access_guard.ts";
import { accessParts, type AccessSettings } from "./access_parts.ts";
import { isRoute, ruleOf } from "./access_rules.ts";
import { bodyDeadlines } from "./body.ts";
import { bulkRoutes } from "./bulk.ts";
import { checked } from "./checks.ts";
import { deadRoutes } from "./dead.ts";
import { docsRoutes } from "./docs.ts";
import { eventRoutes } from "./events.ts";
import { complement } from "./headers.ts";
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
import { KeepingRouter } from "./router.ts";
import { startRoutes } from "./start.ts";
import { systemRoutes } from "./system.ts";
import { workerRoutes } from "./workers.ts";
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
  access: AccessSettings;
  /** Those that this server runs with, without secrets. */
  settings: SettingInfo[];
}

export interface App extends Pick<OpenAPIHono, "fetch" | "request" | "routes"> {
  /** Ends sockets, streams and waiting requests; call it before the server is shut down. */
  close(): Promise<void>;
}

/**
 * Builds the application. It opens nothing until a client watches something.
 * @throws {TypeError} a route has no rule that says who may use it
 */
export function createApp(parts: AppParts): App {
  const { registry, tutorialRoutes: words, version, allowedHosts, settings } = parts;
  const { readOnly, mask } = parts.access;
  // Whatever is told of tasks is told by this one.
  const broker = mask ? maskedBroker(parts.broker, mask) : parts.broker;
  const access = accessParts(broker, parts.access);
  const { directory, clients, login, open, auth } = access;
  const hub = new Hub(broker);
  const closing = new AbortController();
  const topics = new Topics(topicSources(broker, registry, mask));
  const live = liveRoutes({ hub, topics, broker }, open);
  const app = new OpenAPIHono({
    router: new KeepingRouter(),
    defaultHook: (result) => {
      if (!result.success) throw invalidInput(inputErrors(result.error));
    },
  });
  app.onError(onError);
  app.notFound(notFound);

  const note = audit(broker, clients, mask);
  const checks = [
    refuseOtherHosts(allowedHosts),
    refuseCrossSiteChanges,
    findRule(),
    guard(auth ? login : null, readOnly, mask !== null),
    refuseUnknownParameters(app),
  ];
  app.use(checked(checks, (c) => {
    complement(c.res); // first: if noting fails, what is answered then has the headers of this one
    return note(c);
  }));
  app.route("/", page());
  app.route("/", accessRoutes(access));
  app.route("/", accountRoutes(directory, open));
  app.route("/", auditRoutes(broker));
  app.route("/", startRoutes(broker, registry));
  app.route("/", historyRoutes(broker, registry));
  app.route("/", bulkRoutes(broker));
  app.route(
    "/",
    taskRoutes(broker, registry, closing.signal, mask && { mask, broker: parts.broker }),
  );
  app.route("/", eventRoutes(broker, hub, open));
  app.route("/", deadRoutes(broker));
  app.route("/", scheduleRoutes(broker, registry, mask));
  app.route("/", taskTypeRoutes(broker, registry));
  app.route("/", queueRoutes(broker, registry));
  app.route("/", workerRoutes(broker));
  app.route("/", systemRoutes(broker, { version, settings, sockets: live.clients }));
  app.route("/", metricsRoutes(broker, registry, live.clients));
  app.route("/", tutorialRoutes(broker, registry));
  app.route("/", live.routes);
  app.route("/", docsRoutes(app, version, auth));
  if (words) app.route("/", wordRoute(broker, registry));
  // After all routes: where one of them answers, this is not asked.
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allow = methods.join(", ");
      throw new Problem(405, `${c.req.path} answers to ${allow} only`, {}, { allow });
    },
  }));
  for (const route of app.routes.filter(isRoute)) ruleOf(route);

  return {
    fetch: app.fetch,
    request: app.request,
    routes: app.routes,
    async close() {
      closing.abort();
      topics.close();
      open.close();
      bodyDeadlines.rest();
      await hub.close();
    },
  };
}
