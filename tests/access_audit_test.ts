/** What people do is in the audit trail, and so is what they were refused. */

import { assert, assertEquals } from "@std/assert";
import { MASK, Mask } from "../jobs/access_mask.ts";
import type { AuditEntry } from "../jobs/wire.ts";
import { PAGE, PASSWORD, Secured } from "./access_kit.ts";
import { problem, TestApp } from "./routes_app.ts";
import { startSqlite, STORES } from "./stores.ts";

async function trail(secured: Secured, query = ""): Promise<AuditEntry[]> {
  const response = await secured.request("GET", `/audit${query}`, secured.bearer("operator"));
  assertEquals(response.status, 200);
  return (await response.json()).entries;
}

/** The parts of the entries that tests compare, the oldest first. */
function brief(entries: AuditEntry[]) {
  return entries.map((
    { actor, via, action, target, detail, status },
  ) => [actor, via, action, target, detail, status]).reverse();
}

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind}: who did what, and what came of it`, async () => {
    await using secured = await Secured.start({ mask: new Mask(["secret"]) }, await start());
    const send = async (
      status: number,
      method: string,
      path: string,
      headers: Record<string, string>,
      body?: unknown,
    ) => {
      const response = await secured.request(method, path, headers, body);
      assertEquals(response.status, status, `${path}: ${await response.text()}`);
    };
    const session = { ...await secured.login("the-operator"), ...PAGE };
    await send(401, "POST", "/login", PAGE, { user: "the-admin", password: "my password" });
    await send(401, "POST", "/login", PAGE, { user: "my password", password: "x" });
    await send(200, "POST", "/queues/default/pause", session);
    await send(404, "POST", "/queues/none/pause", session);
    await send(403, "POST", "/queues/default/purge", secured.bearer("viewer"));
    await send(401, "POST", "/queues/default/purge", {});
    await send(200, "PATCH", "/queues/default", secured.bearer("operator"), { rate_limit: "9/m" });
    const user = { name: "bob", role: "viewer", password: "bob's password" };
    await send(201, "POST", "/users", secured.bearer("admin"), user);
    await send(200, "PATCH", "/users/bob", secured.bearer("admin"), { password: "another one" });
    // Of what is started, only what people start.
    const call = { name: "webhook", args: { url: "http://127.0.0.1", body: { secret: "hunter" } } };
    await send(202, "POST", "/tasks", secured.bearer("operator"), call);
    await send(202, "POST", "/tasks", session, call);
    await send(204, "POST", "/logout", session);

    const entries = await trail(secured);
    const detail = JSON.stringify(call).replace("hunter", MASK);
    assertEquals(brief(entries), [
      ["the-operator", "session", "login", null, null, 200],
      ["the-admin", null, "login", null, null, 401],
      [null, null, "login", null, null, 401],
      ["the-operator", "session", "queue.pause", "default", null, 200],
      ["the-operator", "session", "queue.pause", "none", null, 404],
      ["viewers", "token", "queue.purge", "default", null, 403],
      ["operators", "token", "queue.limit", "default", '{"rate_limit":"9/m"}', 200],
      ["admins", "token", "user.add", "bob", '{"name":"bob","role":"viewer"}', 201],
      ["admins", "token", "user.change", "bob", null, 200],
      ["the-operator", "session", "task.start", "webhook", detail, 202],
      ["the-operator", "session", "logout", null, null, 204],
    ]);
    assert(entries.every(({ at }) => Math.abs(Date.parse(at) - Date.now()) < 60_000));
    assertEquals(entries.map(({ role }) => role).reverse().slice(0, 6), [
      "operator",
      null,
      null,
      "operator",
      "operator",
      "viewer",
    ]);
    const text = JSON.stringify(entries);
    for (const secret of [PASSWORD, "my password", "bob's", "another one", "hunter"]) {
      assert(!text.includes(secret), secret);
    }

    assertEquals((await trail(secured, "?actor=admins")).length, 2);
    assertEquals((await trail(secured, "?action=queue")).length, 4);
    assertEquals((await trail(secured, "?action=queue.pause&actor=the-operator")).length, 2);
    const seen: AuditEntry[] = [];
    for (let cursor = ""; cursor !== null;) {
      const query = `?limit=4${cursor && `&cursor=${cursor}`}`;
      const response = await secured.request("GET", `/audit${query}`, secured.bearer("admin"));
      const page = await response.json();
      seen.push(...page.entries);
      cursor = page.cursor;
    }
    assertEquals(seen, entries);
    const wrong = await secured.request("GET", "/audit?cursor=x", secured.bearer("admin"));
    await problem(wrong, 400);
  });
}

Deno.test("many tries with wrong passwords do not fill the audit trail", async () => {
  await using secured = await Secured.start();
  for (let i = 0; i < 9; i++) await secured.tryLogin("the-viewer", "wrong password");
  for (let i = 0; i < 9; i++) await secured.request("POST", "/logout");
  assertEquals((await trail(secured)).length, 5);
});

Deno.test("a viewer, who may change nothing, cannot push out of the audit trail what others did", async () => {
  await using secured = await Secured.start();
  const pause = async (role: "viewer" | "operator") => {
    const response = await secured.request("POST", "/queues/default/pause", secured.bearer(role));
    await response.body?.cancel();
  };
  await pause("operator");
  for (let i = 0; i < 130; i++) await pause("viewer");
  for (let i = 0; i < 130; i++) await pause("operator");
  const entries = await trail(secured, "?limit=500");
  const count = (name: string) => entries.filter(({ actor }) => actor === name).length;
  assertEquals([count("viewers"), count("operators")], [100, 131]);
});

Deno.test("without a login what the page does is noted, with the address it came from", async () => {
  const trustedProxies = ["10.0.0.0/8", "::1"];
  await using t = TestApp.on(await startSqlite(), { access: { trustedProxies } });
  const ip = async (peer: string, forwarded?: string) => {
    const headers = {
      ...PAGE,
      host: "localhost",
      ...forwarded !== undefined && { "x-forwarded-for": forwarded },
    };
    const connection = { remoteAddr: { hostname: peer } };
    const init = { method: "POST", headers };
    assertEquals((await t.app.request("/queues/default/pause", init, connection)).status, 200);
    const [newest] = (await (await t.get("/audit?limit=1")).json()).entries;
    assertEquals([newest.actor, newest.via, newest.role], [null, "open", "admin"]);
    return newest.ip;
  };
  assertEquals(await ip("198.51.100.7"), "198.51.100.7");
  // Only a proxy of ours is believed, and of a chain only what ours have added.
  assertEquals(await ip("198.51.100.7", "203.0.113.1"), "198.51.100.7");
  assertEquals(await ip("10.1.2.3", "203.0.113.1"), "203.0.113.1");
  assertEquals(await ip("10.1.2.3", "192.0.2.66, 203.0.113.1, 10.9.9.9"), "203.0.113.1");
  assertEquals(await ip("::1", "192.0.2.66, [2001:db8::1]:4711"), "2001:db8::1");
  assertEquals(await ip("::ffff:10.1.2.3", "203.0.113.1:80"), "203.0.113.1");
  assertEquals(await ip("10.1.2.3", "nonsense"), "10.1.2.3");
  const before = (await (await t.get("/audit")).json()).entries.length;
  assertEquals((await t.post("/tasks", { name: "divide", args: [1, 2] })).status, 202);
  assertEquals((await t.post("/tasks", { name: "divide", args: [1, 2] }, PAGE)).status, 202);
  assertEquals((await (await t.get("/audit")).json()).entries.length, before + 1);
});
