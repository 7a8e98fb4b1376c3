/** Passwords, sessions and what keeps others from using them. */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { seal } from "../routes/access_seal.ts";
import { Throttle } from "../routes/access_throttle.ts";
import { basic, cookieOf, PAGE, PASSWORD, Secured } from "./access_kit.ts";
import { problem, TestApp } from "./routes_app.ts";
import { startSqlite } from "./stores.ts";

const HOUR = 3_600_000;

async function me(secured: Secured, headers: Record<string, string>) {
  const response = await secured.request("GET", "/me", headers);
  assertEquals(response.status, 200);
  return await response.json();
}

Deno.test("a session is begun with the password, used, and ended", async () => {
  await using secured = await Secured.start();
  const nobody = {
    auth: true,
    user: null,
    role: null,
    via: null,
    read_only: false,
    expires_at: null,
  };
  assertEquals(await me(secured, {}), nobody);
  const response = await secured.tryLogin("the-operator", PASSWORD);
  const body = await response.json();
  const session = { auth: true, user: "the-operator", role: "operator", via: "session" };
  assertEquals(body, { ...nobody, ...session, expires_at: body.expires_at });
  assert(Math.abs(Date.parse(body.expires_at) - Date.now() - 12 * HOUR) < 60_000);
  const cookie = cookieOf(response);
  assertEquals(await me(secured, { cookie }), body);
  assertEquals((await me(secured, basic("the-viewer"))).via, "basic");
  assertEquals((await me(secured, secured.bearer("admin"))).user, "admins");
  assertEquals(await me(secured, basic("the-viewer", "wrong")), nobody);

  const out = await secured.request("POST", "/logout", { cookie, ...PAGE });
  assertEquals(out.status, 204);
  assertMatch(out.headers.get("set-cookie") ?? "", /^taskapp_session=; Max-Age=0; Path=\//);
});

Deno.test("the cookie is for this server's own requests only, and for https where that is used", async () => {
  await using secured = await Secured.start();
  const attributes = async (url: string, headers = {}) => {
    const response = await secured.test.app.request(url, {
      method: "POST",
      body: JSON.stringify({ user: "the-viewer", password: PASSWORD }),
      headers: { "content-type": "application/json", ...headers },
    }, { remoteAddr: { hostname: "127.0.0.1" } });
    assertEquals(response.status, 200);
    await response.body?.cancel();
    return response.headers.get("set-cookie")?.split("; ").slice(1).sort();
  };
  const plain = ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict"];
  const secure = [...plain, "Secure"].sort();
  assertEquals(await attributes("http://127.0.0.1:8000/login"), plain);
  assertEquals(await attributes("https://127.0.0.1:8000/login"), secure);
  const proto = { "x-forwarded-proto": "https" };
  assertEquals(await attributes("http://127.0.0.1:8000/login", proto), secure);
});

Deno.test("a session that is used goes on, but not for more than a week", async () => {
  await using secured = await Secured.start();
  const { cookie } = await secured.login("the-operator");
  const [, sealed = ""] = cookie.split("=");
  const payload = sealed.split(".")[0] ?? "";
  const session = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const secret = (await secured.test.broker.access.read(null))?.records.get("secret") ?? "";
  const withTimes = async (startedAt: number, expiresAt: number, route = "GET /queues") => {
    const changed = Object.assign([...session], { 3: startedAt, 4: expiresAt });
    const [method = "", path = ""] = route.split(" ");
    const cookie = `taskapp_session=${seal("session", changed, secret)}`;
    return await secured.request(method, path, { cookie, ...PAGE });
  };
  const now = Date.now();
  assertEquals((await withTimes(now, now + 12 * HOUR)).headers.has("set-cookie"), false);
  for (const route of ["GET /queues", "POST /tasks", "GET /me"]) {
    const renewed = await withTimes(now - 6 * HOUR, now + 6 * HOUR, route);
    assertMatch(renewed.headers.get("set-cookie") ?? "", /Max-Age=43[12]\d\d;/, route);
  }
  const weekOld = await withTimes(now - 7 * 24 * HOUR + HOUR, now + HOUR / 2);
  assertMatch(weekOld.headers.get("set-cookie") ?? "", /Max-Age=3[56]\d\d;/);
  const last = await withTimes(now - 7 * 24 * HOUR + HOUR, now + HOUR);
  assertEquals([last.status, last.headers.has("set-cookie")], [200, false]);
});

Deno.test("a change with a session must come from a page of this server", async () => {
  await using secured = await Secured.start();
  const session = await secured.login("the-operator");
  const pause = async (headers: Record<string, string>) => {
    const response = await secured.request("POST", "/queues/default/pause", headers);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await pause(session), 403);
  assertEquals(await pause({ ...session, "x-requested-with": "taskapp" }), 403);
  assertEquals(await pause({ ...session, "sec-fetch-site": "none" }), 403);
  for (const site of ["cross-site", "same-site"]) {
    assertEquals(await pause({ ...session, "sec-fetch-site": site }), 403, site);
  }
  for (
    const origin of ["https://evil.example", "null", "http://localhost:81", "http://localhost.evil"]
  ) {
    assertEquals(await pause({ ...session, origin }), 403, origin);
  }
  assertEquals(await pause({ ...session, origin: "http://localhost" }), 200);
  assertEquals(await pause({ ...session, "sec-fetch-site": "same-origin" }), 200);
  // Other credentials are not sent by a browser on its own, and Basic only with what gives it away.
  assertEquals(await pause(secured.bearer("operator")), 200);
  assertEquals(await pause(basic("the-operator")), 200);
  assertEquals(await pause({ ...basic("the-operator"), "sec-fetch-site": "cross-site" }), 403);
  assertEquals(await pause({ ...basic("the-operator"), origin: "https://evil.example" }), 403);
});

Deno.test("sessions end when the password changes, everywhere, and with the user", async () => {
  await using secured = await Secured.start();
  const admin = secured.bearer("admin");
  const body = { name: "bob", role: "viewer", password: "first password" };
  assertEquals((await secured.request("POST", "/users", admin, body)).status, 201);
  const first = await secured.login("bob", "first password");
  const change = (value: unknown) => secured.request("PATCH", "/users/bob", admin, value);
  assertEquals((await me(secured, first)).role, "viewer");
  assertEquals((await change({ role: "operator" })).status, 200);
  assertEquals((await me(secured, first)).role, "operator");
  assertEquals((await change({ password: "second password" })).status, 200);
  assertEquals((await me(secured, first)).role, null);
  assertEquals((await secured.tryLogin("bob", "first password")).status, 401);
  const [second, third] = [
    await secured.login("bob", "second password"),
    await secured.login("bob", "second password"),
  ];
  assertNotEquals(second, third);
  const out = await secured.request("POST", "/logout-everywhere", { ...second, ...PAGE });
  assertEquals(out.status, 204);
  assertEquals((await me(secured, second)).role, null);
  assertEquals((await me(secured, third)).role, null);
  const fourth = await secured.login("bob", "second password");
  assertEquals((await secured.request("DELETE", "/users/bob", admin)).status, 204);
  assertEquals((await me(secured, fourth)).role, null);
});

Deno.test("a file that changes counts within a second or so, one with a mistake does not", async () => {
  await using secured = await Secured.start();
  const session = await secured.login("the-viewer");
  const { viewer, admin } = secured.tokens;
  const token = { authorization: `Bearer ${viewer}` };
  assertEquals((await me(secured, token)).role, "viewer");
  await secured.write("tokens", "viewers:boss:0\n");
  await sleep(1100);
  assertEquals((await me(secured, token)).role, "viewer");
  await secured.write("tokens", "# none\n");
  await secured.write("users", "# none\n");
  await sleep(1100);
  assertEquals((await me(secured, token)).role, null);
  assertEquals((await me(secured, { authorization: `Bearer ${admin}` })).role, null);
  assertEquals((await me(secured, session)).role, null);
});

Deno.test("who tries passwords has to wait, whether there is such a user or not", async () => {
  await using secured = await Secured.start();
  for (const user of ["the-viewer", "nobody"]) {
    for (let i = 0; i < 5; i++) {
      const { detail } = await problem(await secured.tryLogin(user, "wrong password"), 401);
      assertEquals(detail, "The name or the password is wrong");
    }
    const response = await secured.tryLogin(user, PASSWORD);
    assertMatch(response.headers.get("retry-after") ?? "", /^(300|2\d\d)$/);
    assertMatch(
      (await problem(response, 429)).detail,
      /Too many wrong passwords: try again in \d+ /,
    );
    const again = await secured.request("GET", "/queues", basic(user));
    await problem(again, 429);
  }
  assertEquals((await secured.tryLogin("the-admin", PASSWORD)).status, 200);
});

Deno.test("passwords are counted per user and address, per address and per user", () => {
  const throttle = new Throttle();
  const tries = (count: number, user: string, address: string, now = 0) =>
    Array.from({ length: count }, () => throttle.attempt(user, address, now)).filter((ms) =>
      ms === 0
    )
      .length;
  assertEquals(tries(9, "a", "1"), 5);
  assertEquals(tries(9, "a", "2"), 5);
  // An address has thirty, whatever the names,
  for (const user of "bcdef") tries(9, user, "1");
  assertEquals(tries(9, "g", "1"), 0);
  // and a name has fifty, whatever the addresses.
  for (let i = 3; i < 11; i++) tries(9, "a", `${i}`);
  assertEquals(tries(9, "a", "99"), 0);
  assertEquals(tries(9, "a", "99", 300_001), 5);
  throttle.attempt("x", "50");
  throttle.forgive("x", "50");
  assertEquals(tries(9, "x", "50"), 5);
});

Deno.test("a password that is right does not count as tried, and many at once are not let through", async () => {
  await using secured = await Secured.start();
  for (let i = 0; i < 7; i++) await secured.login("the-viewer");
  const tries = Array.from({ length: 15 }, () => secured.tryLogin("the-viewer", "wrong password"));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  assertEquals(statuses.filter((status) => status === 401).length, 5);
  assertEquals(statuses.filter((status) => status === 429).length, 10);
});

Deno.test("a program with a password may ask many things at once, and one with a wrong one may not", async () => {
  await using secured = await Secured.start();
  const all = async (headers: Record<string, string>) => {
    const asked = Array.from({ length: 12 }, () => secured.request("GET", "/queues", headers));
    return (await Promise.all(asked)).map(({ status }) => status).sort().join(" ");
  };
  assertEquals(await all(basic("the-viewer")), Array(12).fill(200).join(" "));
  const wrong = [...Array(5).fill(401), ...Array(7).fill(429)].join(" ");
  assertEquals(await all(basic("the-viewer", "wrong password")), wrong);
});

Deno.test("an admin cannot lock itself out, nor change over HTTP what is in a file", async () => {
  await using secured = await Secured.start();
  const admin = secured.bearer("admin");
  const body = { name: "root", role: "admin", password: "root password" };
  const added = await secured.request("POST", "/users", admin, body);
  const user = await added.json();
  assertEquals(Object.keys(user), ["name", "role", "source", "created_at"]);
  const self = { ...await secured.login("root", "root password"), ...PAGE };
  const change = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    value?: unknown,
  ) => (await problem(await secured.request(method, path, headers, value), 409)).detail;
  assertMatch(await change("DELETE", "/users/root", self), /cannot remove yourself: have another/);
  assertMatch(
    await change("PATCH", "/users/root", self, { role: "viewer" }),
    /change your own role/,
  );
  assertMatch(
    await change("DELETE", "/users/the-viewer", admin),
    /is in .*users; taskapp user changes/,
  );
  assertMatch(
    await change("DELETE", "/tokens/viewers", admin),
    /is in .*tokens; taskapp token changes/,
  );
  assertMatch(await change("POST", "/users", admin, body), /There is a user named "root" already/);
  const { users } = await (await secured.request("GET", "/users", admin)).json();
  assertEquals(
    users.map(({ name, source }: { name: string; source: string }) => `${name} ${source}`),
    ["root broker", "the-admin file", "the-operator file", "the-viewer file"],
  );
  await problem(await secured.request("DELETE", "/users/nobody", admin), 404);
  for (const wrong of [{ name: "a:b" }, { password: "short" }, { role: "boss" }, { more: 1 }]) {
    await problem(await secured.request("POST", "/users", admin, { ...body, ...wrong }), 422);
  }
});

Deno.test("where nobody has to log in, nobody can", async () => {
  await using test = TestApp.on(await startSqlite());
  await problem(await test.post("/login", { user: "a", password: "b" }), 409);
  assertEquals((await test.post("/logout")).status, 204);
  await problem(await test.post("/logout-everywhere"), 409);
  assertEquals((await test.get("/users")).status, 200);
});

Deno.test("a GET that starts something is a change as any other", async () => {
  await using secured = await Secured.start();
  const session = await secured.login("the-operator");
  const start = async (headers: Record<string, string>) => {
    const response = await secured.request("GET", "/hello", { ...session, ...headers });
    await response.body?.cancel();
    return response.status;
  };
  // As another page in the same site has it, over HTTP, where a browser does not say whose page it is.
  assertEquals(await start({}), 403);
  assertEquals(await start({ "sec-fetch-site": "same-site" }), 403);
  assertEquals(await start({ "sec-fetch-site": "same-origin" }), 202);
  assertEquals(await start({ "sec-fetch-site": "none" }), 202, "an address that was typed");
});

Deno.test("logins that were not looked at push nothing out: neither what was tried, nor the audit trail", async () => {
  const throttle = new Throttle();
  for (let i = 0; i < 5; i++) throttle.attempt("admin", "1");
  for (let i = 0; i < 30_000; i++) {
    throttle.attempt(`${i}`, "2");
    throttle.forgive(`${i}`, "2");
  }
  assert(throttle.attempt("admin", "1") > 0);

  await using secured = await Secured.start();
  const tries = Array.from({ length: 60 }, (_, i) => secured.tryLogin(`u${i}`, "wrong password"));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  assert(statuses.includes(503), "too many at once");
  const audit = await secured.request("GET", "/audit?limit=500", secured.bearer("operator"));
  const { entries } = await audit.json();
  assertEquals(entries.length, statuses.filter((status) => status === 401).length);
});

Deno.test("an IPv6 address counts as its network, of which one stranger has all", () => {
  const throttle = new Throttle();
  const tries = (address: (i: number) => string) =>
    Array.from({ length: 40 }, (_, i) => throttle.attempt(`u${i}`, address(i)))
      .filter((ms) => ms === 0).length;
  assertEquals(tries((i) => `2001:db8:0:7::${i.toString(16)}`), 30);
  assertEquals(tries((i) => `2001:DB8::7:1:2:3:${i}`), 0, "the same, written otherwise");
  assertEquals(tries((i) => `2001:db8:0:8:1:2:3:${i}`), 30);
  assertEquals(tries(() => "::1"), 30);
});
