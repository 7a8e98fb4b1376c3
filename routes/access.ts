/** Logging in and out, who one is, and tickets for sockets. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Directory } from "../jobs/access_directory.ts";
import { CREDENTIALS, type Me, ROLES } from "../jobs/wire.ts";
import { type Login, TICKET_SECONDS } from "./access_login.ts";
import type { OpenConnections } from "./access_open.ts";
import { ANYONE, type Principal } from "./access_principal.ts";
import { jsonBody } from "./body.ts";
import { Problem, problems } from "./problem.ts";
import { json } from "./schemas.ts";

const MAX_BODY_BYTES = 4096;

const MeBody: z.ZodType<Me> = z.object({
  auth: z.boolean(),
  user: z.string().nullable(),
  role: z.enum(ROLES).nullable(),
  via: z.enum(CREDENTIALS).nullable(),
  read_only: z.boolean(),
  expires_at: z.iso.datetime().nullable(),
}).openapi("Me");

const meRoute = createRoute({
  method: "get",
  path: "/me",
  summary: "Who asks, and what they may do; role null is nobody",
  responses: { 200: json(MeBody, "As this server sees it"), ...problems(429, 503) },
});

const Credentials = z.strictObject({
  user: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
}).openapi("Credentials");

const loginRoute = createRoute({
  method: "post",
  path: "/login",
  summary: "Begin a session, whose cookie the answer sets",
  middleware: jsonBody(MAX_BODY_BYTES),
  request: { body: { content: { "application/json": { schema: Credentials } }, required: true } },
  responses: {
    200: json(MeBody, "Logged in"),
    ...problems(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
  },
});

const logoutRoute = createRoute({
  method: "post",
  path: "/logout",
  summary: "Have the browser forget its session",
  responses: { 204: { description: "Nobody is logged in" }, ...problems(403, 503) },
});

const logoutEverywhereRoute = createRoute({
  method: "post",
  path: "/logout-everywhere",
  summary: "End all sessions of the user who asks",
  responses: { 204: { description: "They have ended" }, ...problems(401, 403, 409, 503) },
});

const ticketRoute = createRoute({
  method: "post",
  path: "/ws-tickets",
  summary: "For clients that cannot send a header: a ticket that opens one socket, as /ws?ticket=",
  responses: {
    200: json(z.object({ ticket: z.string(), expires_in: z.int() }), "The ticket"),
    ...problems(401, 403, 503),
  },
});

export interface AccessRoutesParts {
  directory: Directory;
  login: Login;
  open: OpenConnections;
  /** Whether anybody has to log in. */
  auth: boolean;
  readOnly: boolean;
}

/** The routes of logging in. */
export function accessRoutes(parts: AccessRoutesParts): OpenAPIHono {
  const { directory, login, open, auth, readOnly } = parts;
  const app = new OpenAPIHono();

  app.openapi(meRoute, async (c) => c.json(me(await whoever(c)), 200));

  app.openapi(loginRoute, async (c) => {
    if (!auth) throw new Problem(409, "Nobody has to log in here: there are no users");
    const { user, password } = c.req.valid("json");
    // Only a name that there is: people also type their password there.
    c.set("actor", { actor: directory.find("user", user)?.name ?? null, role: null, via: null });
    const principal = await login.begin(c, await login.check(c, user, password));
    c.set("actor", actorOf(principal));
    return c.json(me(principal), 200);
  });

  app.openapi(logoutRoute, async (c) => {
    const principal = await whoever(c);
    if (principal) c.set("actor", actorOf(principal));
    if (principal?.session) open.endSession(principal.session);
    login.end(c);
    return c.body(null, 204);
  });

  app.openapi(logoutEverywhereRoute, async (c) => {
    const { account } = c.get("principal");
    if (account?.kind !== "user") {
      throw new Problem(409, "Only users have sessions: there are none to end");
    }
    await directory.endSessions(account.name);
    open.endOthers();
    login.end(c);
    return c.body(null, 204);
  });

  app.openapi(ticketRoute, async (c) => {
    const ticket = await login.ticket(c.get("principal"));
    return c.json({ ticket, expires_in: TICKET_SECONDS }, 200);
  });

  /** Who asks, also if what they come with is wrong: then nobody. */
  async function whoever(c: Context): Promise<Principal | null> {
    if (!auth) return ANYONE;
    try {
      return await login.identify(c);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  }

  function me(principal: Principal | null): Me {
    const expiresAt = principal?.expiresAt ?? null;
    return {
      auth,
      user: principal?.account?.name ?? null,
      role: principal?.role ?? null,
      via: principal?.via ?? null,
      read_only: readOnly,
      expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    };
  }

  return app;
}

function actorOf({ account, role, via }: Principal) {
  return { actor: account?.name ?? null, role, via };
}
