/** `/users` and `/tokens`: who may come in, for admins. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Account, Directory } from "../jobs/access_directory.ts";
import { ACCESS_NAME, ACCESS_NAME_RULE } from "../jobs/access_file.ts";
import {
  BusyError,
  hashPassword,
  hashToken,
  isPassword,
  newToken,
  PASSWORD_RULE,
} from "../jobs/access_secrets.ts";
import { ACCESS_SOURCES, type ApiToken, ROLES, type User } from "../jobs/wire.ts";
import type { OpenConnections } from "./access_open.ts";
import { jsonBody } from "./body.ts";
import { Problem, problems, unavailable } from "./problem.ts";
import { json } from "./schemas.ts";

const MAX_BODY_BYTES = 4096;

const accountFields = {
  name: z.string(),
  role: z.enum(ROLES),
  source: z.enum(ACCESS_SOURCES),
  created_at: z.iso.datetime().nullable(),
};
const UserBody: z.ZodType<User> = z.object(accountFields).openapi("User");
const TokenBody = z.object(accountFields).openapi("ApiToken") satisfies z.ZodType<ApiToken>;
const NewTokenBody = z.object({ ...accountFields, token: z.string() }).openapi("NewApiToken");

const Name = z.object({ name: z.string() });
const name = z.string().regex(ACCESS_NAME, ACCESS_NAME_RULE);
const password = z.string().refine(isPassword, PASSWORD_RULE);
const role = z.enum(ROLES);

const NewUser = z.strictObject({ name, role, password }).openapi("NewUser");
const UserChange = z.strictObject({ role: role.optional(), password: password.optional() })
  .refine((change) => Object.keys(change).length > 0, { error: "must have role, password or both" })
  .openapi("UserChange");
const NewToken = z.strictObject({ name, role }).openapi("NewToken");

function body<T extends z.ZodType>(schema: T) {
  return { content: { "application/json": { schema } }, required: true } as const;
}

const errors = problems(401, 403, 404, 409, 503);
const bodyErrors = problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 503);
const middleware = jsonBody(MAX_BODY_BYTES);

const usersRoute = createRoute({
  method: "get",
  path: "/users",
  summary: "Who may log in",
  responses: { 200: json(z.object({ users: z.array(UserBody) }), "By name"), ...errors },
});

const addUserRoute = createRoute({
  method: "post",
  path: "/users",
  summary: "Let somebody log in",
  middleware,
  request: { body: body(NewUser) },
  responses: { 201: json(UserBody, "Added"), ...bodyErrors },
});

const changeUserRoute = createRoute({
  method: "patch",
  path: "/users/{name}",
  summary: "Change a role, a password or both; another password ends the sessions of that user",
  middleware,
  request: { params: Name, body: body(UserChange) },
  responses: { 200: json(UserBody, "As it is now"), ...bodyErrors },
});

const removeUserRoute = createRoute({
  method: "delete",
  path: "/users/{name}",
  summary: "Let somebody log in no more, and end their sessions",
  request: { params: Name },
  responses: { 204: { description: "Removed" }, ...errors },
});

const tokensRoute = createRoute({
  method: "get",
  path: "/tokens",
  summary: "What programs may come in with",
  responses: { 200: json(z.object({ tokens: z.array(TokenBody) }), "By name"), ...errors },
});

const addTokenRoute = createRoute({
  method: "post",
  path: "/tokens",
  summary: "Make a token for a program; it is shown this once",
  middleware,
  request: { body: body(NewToken) },
  responses: { 201: json(NewTokenBody, "Made"), ...bodyErrors },
});

const removeTokenRoute = createRoute({
  method: "delete",
  path: "/tokens/{name}",
  summary: "Have a token count no more",
  request: { params: Name },
  responses: { 204: { description: "Removed" }, ...errors },
});

/** The routes of users and tokens. */
export function accountRoutes(directory: Directory, open: OpenConnections): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(usersRoute, async (c) => {
    await directory.fresh();
    return c.json({ users: directory.list("user").map(toWire) }, 200);
  });

  app.openapi(addUserRoute, async (c) => {
    const { name, role, password } = c.req.valid("json");
    const user = await directory.add("user", name, role, await hashed(password));
    return c.json(toWire(user), 201);
  });

  app.openapi(changeUserRoute, async (c) => {
    const { name } = c.req.valid("param");
    const { role, password } = c.req.valid("json");
    if (role !== undefined) refuseSelf(c, name, "change your own role");
    const hash = password === undefined ? undefined : await hashed(password);
    const user = await directory.change(name, { role, hash });
    open.endOthers();
    return c.json(toWire(user), 200);
  });

  app.openapi(removeUserRoute, async (c) => {
    const { name } = c.req.valid("param");
    refuseSelf(c, name, "remove yourself");
    await directory.remove("user", name);
    open.endOthers();
    return c.body(null, 204);
  });

  app.openapi(tokensRoute, async (c) => {
    await directory.fresh();
    return c.json({ tokens: directory.list("token").map(toWire) }, 200);
  });

  app.openapi(addTokenRoute, async (c) => {
    const { name, role } = c.req.valid("json");
    const token = newToken();
    const made = await directory.add("token", name, role, hashToken(token));
    return c.json({ ...toWire(made), token }, 201);
  });

  app.openapi(removeTokenRoute, async (c) => {
    await directory.remove("token", c.req.valid("param").name);
    open.endOthers();
    return c.body(null, 204);
  });

  return app;
}

function toWire({ name, role, source, createdAt }: Account): User {
  return { name, role, source, created_at: createdAt };
}

/** So that the last admin does not lock everybody out by mistake. */
function refuseSelf(c: Context, name: string, what: string): void {
  const { account } = c.get("principal");
  if (account?.kind !== "user" || account.name !== name) return;
  throw new Problem(409, `You cannot ${what}: have another admin do it`);
}

async function hashed(password: string): Promise<string> {
  try {
    return await hashPassword(password);
  } catch (error) {
    if (!(error instanceof BusyError)) throw error;
    throw unavailable("Too many passwords are being checked; try again in a few seconds");
  }
}
