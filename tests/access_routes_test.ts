/** Every route × every kind of credentials. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { newToken } from "../jobs/access_secrets.ts";
import { isAtLeast, type Role, ROLES } from "../jobs/wire.ts";
import { isRoute, ruleOf, RULES } from "../routes/access_rules.ts";
import { seal } from "../routes/access_seal.ts";
import { basic, PAGE, Secured } from "./access_kit.ts";
import { problem } from "./routes_app.ts";

type Headers = Record<string, string>;

interface Credentials {
  headers: Headers;
  /** Null where they count for nothing. */
  role: Role | null;
}

async function allCredentials(secured: Secured): Promise<Record<string, Credentials>> {
  const credentials: Record<string, Credentials> = {};
  for (const role of ROLES) {
    credentials[`token of ${role}`] = { headers: secured.bearer(role), role };
    credentials[`session of ${role}`] = {
      headers: { ...await secured.login(`the-${role}`), ...PAGE },
      role,
    };
  }
  // After the sessions, which the last route ends.
  for (const role of ROLES) {
    credentials[`Basic of ${role}`] = { headers: basic(`the-${role}`), role };
  }
  const nothing = (headers: Headers): Credentials => ({
    headers: { ...PAGE, ...headers },
    role: null,
  });
  const admin = secured.bearer("admin");

  const added = await secured.request("POST", "/tokens", admin, { name: "gone", role: "admin" });
  const { token } = await added.json();
  await secured.request("DELETE", "/tokens/gone", admin);
  const body = { name: "gone", role: "admin", password: "a password" };
  await secured.request("POST", "/users", admin, body);
  const { cookie } = await secured.login("gone", "a password");
  await secured.request("DELETE", "/users/gone", admin);

  const { cookie: right } = await secured.login("the-admin");
  const { cookie: ended } = await secured.login("the-operator");
  await secured.request("POST", "/logout-everywhere", basic("the-operator"));
  credentials["session of operator"] = {
    headers: { ...await secured.login("the-operator"), ...PAGE },
    role: "operator",
  };
  const [name, sealed = ""] = right.split("=");
  const [payload = "", signature = ""] = sealed.split(".");
  const session = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const secret = (await secured.test.broker.access.read(null))?.records.get("secret") ?? "";
  const altered = (change: unknown[]) =>
    seal("session", Object.assign([...session], change), "wrong");
  return {
    ...credentials,
    none: { headers: {}, role: null },
    "none, of the page": nothing({}),
    "a wrong token": nothing({ authorization: `Bearer ${newToken()}` }),
    "half a token": nothing({ authorization: `Bearer ${secured.tokens.admin.slice(0, -1)}` }),
    "a removed token": nothing({ authorization: `Bearer ${token}` }),
    "a token as a cookie": nothing({ cookie: `${name}=${secured.tokens.admin}` }),
    "an unknown scheme": nothing({ authorization: "Digest x" }),
    "no base64": nothing({ authorization: "Basic ???" }),
    "an expired session": nothing({
      cookie: `${name}=${
        seal("session", Object.assign([...session], { 4: Date.now() - 1 }), secret)
      }`,
    }),
    "a session signed by another": nothing({ cookie: `${name}=${altered([])}` }),
    "a session with another name": nothing({
      cookie: `${name}=${seal("session", ["the-viewer"], "x").split(".")[0]}.${signature}`,
    }),
    "a ticket as a session": nothing({ cookie: `${name}=${seal("ticket", session, secret)}` }),
    "half a session": nothing({ cookie: right.slice(0, -3) }),
    "the session of a removed user": nothing({ cookie }),
    "a session that was ended everywhere": nothing({ cookie: ended }),
  };
}

Deno.test("each route lets those in whom its rule names, and nobody else", async () => {
  await using secured = await Secured.start();
  const routes = new Map(
    secured.test.app.routes.filter(isRoute).map((
      route,
    ) => [`${route.method} ${route.path}`, route]),
  );
  const credentials = await allCredentials(secured);
  // This one ends the sessions that the others need.
  const last = (name: string) => name === "POST /logout-everywhere" ? 1 : 0;
  const names = [...routes.keys()].sort((a, b) => last(a) - last(b));
  assert(names.length > 50);
  for (const name of names) {
    const route = routes.get(name);
    if (!route) continue;
    const rule = ruleOf(route);
    const path = route.path.replace(/:word\{.*\}/, "hello").replaceAll(/:(\w+)(\{[^/]*\})?/g, "x");
    for (const [kind, { headers, role }] of Object.entries(credentials)) {
      const what = `${name}, ${kind}`;
      const response = await secured.request(route.method, path, headers);
      await response.body?.cancel();
      if (rule.role === "public") {
        assert(![401, 403].includes(response.status), `${what}: ${response.status}`);
      } else if (role === null) {
        assertEquals(response.status, 401, what);
        assertEquals(response.headers.has("www-authenticate"), kind === "none", what);
      } else if (!isAtLeast(role, rule.role)) {
        assertEquals(response.status, 403, what);
      } else {
        assert(![401, 403].includes(response.status), `${what}: ${response.status}`);
      }
      for (const header of ["x-content-type-options", "cache-control"]) {
        assert(response.headers.has(header), `${what} has no ${header}`);
      }
      if (name === "POST /tasks" && response.status === 202) continue; // no browser shows this answer
      assert(response.headers.has("referrer-policy"), what);
      assertMatch(
        response.headers.get("content-security-policy") ?? "",
        /frame-ancestors 'none'/,
        what,
      );
    }
  }
});

Deno.test("whatever changes something needs more than a viewer, and is in the audit trail", () => {
  const open = ["POST /login", "POST /logout", "POST /logout-everywhere", "POST /ws-tickets"];
  for (const [name, { role, changes, action }] of Object.entries(RULES)) {
    if (open.includes(name)) continue;
    const isChange = !name.startsWith("GET ") || name === "GET /{word}";
    assertEquals(changes, isChange, name);
    assertEquals(action !== null, isChange, name);
    if (isChange) assert(role === "operator" || role === "admin", name);
  }
});

Deno.test("a refusal names the role that is needed", async () => {
  await using secured = await Secured.start();
  const { detail } = await problem(
    await secured.request("POST", "/queues/default/pause", secured.bearer("viewer")),
    403,
  );
  assertEquals(detail, "This needs the role operator; viewers is a viewer");
  const users = await secured.request("GET", "/users", secured.bearer("operator"));
  assertMatch((await problem(users, 403)).detail, /needs the role admin; operators is an operator/);
});

Deno.test("a read-only server changes nothing, for anybody", async () => {
  await using secured = await Secured.start({ readOnly: true });
  const headers = secured.bearer("admin");
  for (const route of secured.test.app.routes.filter(isRoute)) {
    const { changes } = ruleOf(route);
    const path = route.path.replace(/:word\{.*\}/, "hello").replaceAll(/:(\w+)(\{[^/]*\})?/g, "x");
    const response = await secured.request(route.method, path, headers);
    await response.body?.cancel();
    assertEquals(response.status === 403, changes, `${route.method} ${path}`);
  }
  const me = await secured.request("GET", "/me", await secured.login("the-admin"));
  assertEquals((await me.json()).read_only, true);
});
