/** The audit trail: what people did here, and were refused to do. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { getLogger } from "@logtape/logtape";
import type { Context, ContextVariableMap } from "hono";
import type { Mask } from "../jobs/access_mask.ts";
import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";
import { MAX_AUDIT } from "../jobs/access_store.ts";
import { type AuditEntry, CREDENTIALS, isAtLeast, type Json, ROLES } from "../jobs/wire.ts";
import type { Clients } from "./access_client.ts";
import type { Principal } from "./access_principal.ts";
import { problems } from "./problem.ts";
import { json } from "./schemas.ts";

const MAX_DETAIL = 300;
const MAX_TARGET = 256;
/** Entries that are read at a time. */
const CHUNK = 500;
/** Entries of one viewer, who changes nothing, and of a name with wrong passwords that are kept in an hour. */
const MAX_IDLE = 100;
const IDLE_MS = 3_600_000;
/** Fields of bodies that no entry repeats: people also type their password where their name should be. */
const SECRETS = ["user", "password"];

const log = getLogger(["taskapp", "audit"]);

type Stored = Omit<AuditEntry, "at">;

declare module "hono" {
  interface ContextVariableMap {
    /** What a public route says of who used it. */
    actor: Pick<AuditEntry, "actor" | "role" | "via">;
  }
}

/** What notes a request, once it was answered, if the rule of its route says so. */
export function audit(
  broker: Broker,
  clients: Clients,
  mask: Mask | null,
): (c: Context) => Promise<void> | undefined {
  const idle = new Idle();
  return (c) => {
    const rule = c.get("rule") as ContextVariableMap["rule"] | undefined;
    const principal = c.get("principal") as Principal | undefined;
    const { status } = c.res;
    // Who is not known, or asks too often, could fill it with nothing: what was refused before the password was
    // looked at is not kept.
    if (!rule?.action || status === 429 || (!principal && (!c.get("actor") || status >= 500))) {
      return;
    }
    if (rule.onlyPeople && !isPerson(c, principal)) return;
    return keep(c, rule.path, rule.action, principal);
  };

  async function keep(
    c: Context,
    path: string,
    action: string,
    principal: Principal | undefined,
  ): Promise<void> {
    const { status } = c.res;
    const body = bodyOf(c);
    if (body?.["dry_run"] === true && status < 400) return;
    const entry: Stored = {
      ...c.get("actor") ?? {
        actor: principal?.account?.name ?? null,
        role: principal?.role ?? null,
        via: principal?.via ?? null,
      },
      action,
      target: target(path, c.req.path) ?? nameIn(body),
      detail: detail(body, mask),
      status,
      ip: clients.address(c),
    };
    if (!isAtLeast(entry.role ?? "viewer", "operator") && !idle.mayNote(entry.actor)) return;
    try {
      await broker.access.note(JSON.stringify(entry));
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      log.warn("The broker did not take this entry of the audit trail: {entry}", { entry });
    }
  }
}

/** Counts the entries of those who change nothing, so that they do not push out what others did. */
class Idle {
  readonly #counts = new Map<string | null, number>();
  #until = 0;

  mayNote(actor: string | null): boolean {
    const now = performance.now();
    if (now >= this.#until) {
      this.#counts.clear();
      this.#until = now + IDLE_MS;
    }
    const count = this.#counts.get(actor) ?? 0;
    if (count >= MAX_IDLE) return false;
    this.#counts.set(actor, count + 1);
    return true;
  }
}

/** Programs have tokens; without a login the page says that it is the page. */
function isPerson(c: Context, principal: Principal | undefined): boolean {
  if (principal?.via === "open") return c.req.header("x-requested-with") === "taskapp";
  return principal?.via !== "token";
}

/** The parameters in a path. Hono does not tell them of a request that was refused before its route. */
function target(pattern: string, path: string): string | null {
  const given = path.split("/");
  const names = pattern.split("/").flatMap((part, i) =>
    part.startsWith(":") ? [given[i] ?? ""] : []
  );
  return names.length === 0 ? null : names.map(decoded).join(" ").slice(0, MAX_TARGET);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

type Body = { [name: string]: Json };

/** What the body said, if all of it was read and it is an object. */
function bodyOf(c: Context): Body | null {
  const value = c.get("body") as ContextVariableMap["body"] | undefined;
  try {
    const body = value?.();
    return typeof body === "object" && !Array.isArray(body) ? body : null;
  } catch {
    return null;
  }
}

function nameIn(body: Body | null): string | null {
  const name = body?.["name"];
  return typeof name === "string" ? name.slice(0, MAX_TARGET) : null;
}

function detail(body: Body | null, mask: Mask | null): string | null {
  const shown = Object.fromEntries(
    Object.entries(body ?? {}).filter(([name]) => !SECRETS.includes(name)),
  );
  if (Object.keys(shown).length === 0) return null;
  const said = JSON.stringify(mask ? mask.value(shown) : shown);
  return said.length > MAX_DETAIL ? `${said.slice(0, MAX_DETAIL - 1)}…` : said;
}

const EntryBody: z.ZodType<AuditEntry> = z.object({
  at: z.iso.datetime(),
  actor: z.string().nullable(),
  role: z.enum(ROLES).nullable(),
  via: z.enum(CREDENTIALS).nullable(),
  action: z.string(),
  target: z.string().nullable(),
  detail: z.string().nullable(),
  status: z.int(),
  ip: z.string().nullable(),
}).openapi("AuditEntry");

const auditRoute = createRoute({
  method: "get",
  path: "/audit",
  summary: `What people did, the newest first; the last ${MAX_AUDIT} entries are kept`,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(500).default(50).openapi({ type: "integer" }),
      cursor: z.string().optional().openapi({ description: "From the page before" }),
      actor: z.string().optional().openapi({ description: "The name of a user or a token" }),
      action: z.string().optional().openapi({
        description: "All of it, such as queue.pause, or the part before the dot",
      }),
    }),
  },
  responses: {
    200: json(
      z.object({ entries: z.array(EntryBody), cursor: z.string().nullable() }),
      "A page, and the cursor of the next one",
    ),
    ...problems(400, 401, 403, 422, 503),
  },
});

/** The route of the audit trail. */
export function auditRoutes(broker: Broker): OpenAPIHono {
  const app = new OpenAPIHono();

  app.openapi(auditRoute, async (c) => {
    const { limit, cursor, actor, action } = c.req.valid("query");
    const entries: AuditEntry[] = [];
    let after = cursor;
    while (true) {
      const stored = await broker.access.audit(CHUNK, after);
      for (const { cursor: place, at, body } of stored) {
        const entry = { at: new Date(at).toISOString(), ...JSON.parse(body) as Stored };
        after = place;
        if (actor !== undefined && entry.actor !== actor) continue;
        if (
          action !== undefined && entry.action !== action && !entry.action.startsWith(`${action}.`)
        ) {
          continue;
        }
        entries.push(entry);
        if (entries.length === limit) return c.json({ entries, cursor: after ?? null }, 200);
      }
      if (stored.length < CHUNK) return c.json({ entries, cursor: null }, 200);
    }
  });

  return app;
}
