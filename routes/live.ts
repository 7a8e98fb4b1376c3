/** `WS /ws` and `WS /ws/task/{id}`: tasks and topics, live. */

import { type Context, Hono } from "hono";
import type { OpenConnections } from "./access_open.ts";
import { refuseCrossSite } from "./origin.ts";
import { invalidInput, Problem } from "./problem.ts";
import { type LiveParts, openSocket, type Subject } from "./socket.ts";

/** As 401 says it in HTTP. */
const UNAUTHORIZED = 4401;

/** The WebSocket routes, and how many sockets are open. */
export function liveRoutes(
  parts: LiveParts,
  open: OpenConnections,
): { routes: Hono; clients: () => number } {
  const routes = new Hono();
  let clients = 0;

  async function upgrade(c: Context, subject: Subject): Promise<Response> {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      throw new Problem(426, `${c.req.path} is for WebSockets`, {}, { upgrade: "websocket" });
    }
    refuseCrossSite(c.req.raw);
    const batch = isBatch(c);
    await parts.hub.ready();
    try {
      return openSocket(c.req.raw, parts, subject, batch, (end) => {
        clients++;
        const letGo = open.hold(c.get("principal"), () => end(UNAUTHORIZED, "Log in again"));
        return () => {
          clients--;
          letGo();
        };
      });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new Problem(400, `This is not how a WebSocket is opened: ${error.message}`);
    }
  }

  routes.get("/ws", (c) => upgrade(c, "all"));
  routes.get("/ws/task/:id", (c) => {
    const after = c.req.query("after");
    return upgrade(c, {
      id: c.req.param("id"),
      after: after === undefined ? undefined : eventNumber(after),
    });
  });

  return { routes, clients: () => clients };
}

/** Whether the client wants several messages in a frame. */
function isBatch(c: Context): boolean {
  const batch = c.req.query("batch") ?? "false";
  if (batch === "true" || batch === "false") return batch === "true";
  throw invalidInput([{ path: "batch", message: `must be true or false, not "${batch}"` }]);
}

/** Number of an event, as a URL or a header has it. */
function eventNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw invalidInput([{
      path: "after",
      message: `must be the number of an event, not "${text}"`,
    }]);
  }
  return Number(text);
}
