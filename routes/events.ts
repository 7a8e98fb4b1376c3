/** `GET /tasks/{id}/events`: a task's numbered events, as a list or as a stream that goes on. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { isReady } from "../jobs/wire.ts";
import type { OpenConnections } from "./access_open.ts";
import type { Hub } from "./hub.ts";
import { noSuchTask, problems } from "./problem.ts";
import { TaskEventBody } from "./schemas.ts";
import { TaskId } from "./tasks.ts";
import { HIGH, type Sink, Watcher } from "./watcher.ts";

/** Comments in a silent stream keep proxies from closing it, and find clients that are gone. */
const HEARTBEAT_MS = 15_000;

const EventNumber = z.coerce.number().int().min(0).openapi({ type: "integer" });

const eventsRoute = createRoute({
  method: "get",
  path: "/tasks/{id}/events",
  summary: "What happened to a task; with Accept: text/event-stream, live until it ends",
  request: {
    params: TaskId,
    query: z.object({ after: EventNumber.optional() }),
    headers: z.object({
      accept: z.string().optional(),
      "last-event-id": EventNumber.optional().openapi({ description: "Stands in for `after`" }),
    }),
  },
  responses: {
    200: {
      description: "The events with a number above `after`",
      content: {
        "application/json": { schema: z.object({ events: z.array(TaskEventBody) }) },
        "text/event-stream": { schema: z.string() },
      },
    },
    204: { description: "A stream of a task that has ended, with nothing more to tell" },
    ...problems(404, 422, 503),
  },
});

/** The route of a task's events. */
export function eventRoutes(broker: Broker, hub: Hub, open: OpenConnections): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(eventsRoute, async (c) => {
    const { id } = c.req.valid("param");
    const headers = c.req.valid("header");
    const after = headers["last-event-id"] ?? c.req.valid("query").after ?? 0;
    if (!headers.accept?.includes("text/event-stream")) {
      const events = await broker.events(id, after);
      if (events === null) throw noSuchTask(id);
      return c.json({ events }, 200);
    }
    await hub.ready();
    const task = await broker.get(id);
    if (task === null) throw noSuchTask(id);
    // To a browser's EventSource, 204 says not to come back; an ended stream would be opened again.
    if (isReady(task.status) && after >= task.events) return c.body(null, 204);
    const hold = (end: () => void) => open.hold(c.get("principal"), end);
    const stream = eventStream(hub, broker, id, Math.min(after, task.events), hold);
    return c.body(stream, 200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store, no-transform",
    });
  });

  return app;
}

function eventStream(
  hub: Hub,
  broker: Broker,
  id: string,
  after: number,
  hold: (end: () => void) => () => void,
): ReadableStream {
  let letGo = () => {};
  let watcher: Watcher | undefined;
  let open = true;
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder();
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      const sink: Sink = {
        snapshot: () => {},
        event({ event, json }, newest) {
          write(`id: ${event.seq}\nevent: task\ndata: ${json}\n\n`);
          if (newest && isReady(event.status)) watcher?.close();
        },
        events: undefined,
        unknown: () => watcher?.close(),
        notice: (text) => write(`: ${text}\n\n`),
        buffered: () => HIGH - (controller.desiredSize ?? HIGH),
        close() {
          clearInterval(heartbeat);
          letGo();
          if (open) controller.close();
          open = false;
        },
      };
      heartbeat = setInterval(() => write(":\n\n"), HEARTBEAT_MS);
      watcher = new Watcher(hub, broker, sink);
      letGo = hold(() => watcher?.close());
      watcher.followEvents(id, after);
    },
    cancel() {
      open = false;
      watcher?.close();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: HIGH }));
}
