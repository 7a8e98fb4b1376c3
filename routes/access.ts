/** `GET /me`: who asks, and what they may do. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { CREDENTIALS, type Me, ROLES } from "../jobs/wire.ts";
import { json } from "./schemas.ts";

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
  responses: { 200: json(MeBody, "As this server sees it") },
});

/** The routes of who may do what. */
export function accessRoutes(): OpenAPIHono {
  const app = new OpenAPIHono();
  const anyone: Me = {
    auth: false,
    user: null,
    role: "admin",
    via: "open",
    read_only: false,
    expires_at: null,
  };

  app.openapi(meRoute, (c) => c.json(anyone, 200));

  return app;
}
