/** Sockets and streams: who may open them, and that they end with the right to. */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { seal } from "../routes/access_seal.ts";
import { basic, PAGE, Secured } from "./access_kit.ts";
import { serve, TestSocket } from "./routes_socket.ts";
import { STORES } from "./stores.ts";

type Headers = Record<string, string>;

/** What a client that opens a socket sends, for where it is refused. */
const UPGRADE = {
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

async function refusal(secured: Secured, path: string, headers: Headers = {}): Promise<number> {
  const response = await secured.request("GET", path, { ...UPGRADE, ...headers });
  await response.body?.cancel();
  assertEquals(response.headers.has("www-authenticate"), false);
  return response.status;
}

async function ticket(secured: Secured, headers: Headers): Promise<string> {
  const response = await secured.request("POST", "/ws-tickets", headers);
  const { ticket, expires_in } = await response.json();
  assertEquals(expires_in, 30);
  return `?ticket=${ticket}`;
}

Deno.test("a socket is for who may see tasks", async () => {
  await using secured = await Secured.start();
  await using server = serve(secured.test);
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const session = { ...await secured.login("the-viewer"), ...PAGE };
  assertEquals(await refusal(secured, "/ws"), 401);
  assertEquals(await refusal(secured, "/ws/task/x"), 401);
  assertEquals(await refusal(secured, "/ws", { authorization: "Bearer tap_x" }), 401);
  const { cookie } = session;
  for (const other of ["https://evil.example", "null"]) {
    assertEquals(await refusal(secured, "/ws", { cookie, origin: other }), 403, other);
  }
  assertEquals(await refusal(secured, "/ws", { cookie }), 403, "without an origin");
  for (const headers of [{ cookie, origin }, secured.bearer("viewer"), basic("the-viewer")]) {
    await using socket = await TestSocket.openAt(server.addr.port, "/ws", headers);
    socket.send({ topics: ["queues"] });
    await socket.first("topic");
  }
});

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind}: a ticket opens one socket, for half a minute`, async () => {
    await using secured = await Secured.start({}, await start());
    await using server = serve(secured.test);
    for (const headers of [secured.bearer("viewer"), await secured.login("the-viewer")]) {
      const once = await ticket(secured, { ...headers, ...PAGE });
      await using socket = await TestSocket.openAt(server.addr.port, `/ws/task/x${once}`);
      assertEquals((await socket.closed()).code, 4404);
      assertEquals(await refusal(secured, `/ws${once}`), 401);
      // Other texts that stand for the same bytes are not other tickets.
      const last = once.at(-1) ?? "";
      const next = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const twin = once.slice(0, -1) + next[next.indexOf(last) ^ 1];
      for (const same of [`${once}=`, `${once}!`, twin]) {
        assertEquals(await refusal(secured, `/ws${same}`), 401, same);
      }
    }
    const unused = await ticket(secured, secured.bearer("viewer"));
    assertEquals(await refusal(secured, `/ws${unused}x`), 401);
    // A ticket is for sockets only.
    assertEquals((await secured.request("GET", `/queues${unused}`)).status, 401);
    assertEquals(await refusal(secured, `/queues${unused}`), 401);
    const more = await secured.request("POST", `/ws-tickets${unused}`, UPGRADE);
    assertEquals(more.status, 401, "one ticket for another");
    const secret = (await secured.test.broker.access.read(null))?.records.get("secret") ?? "";
    const payload = unused.slice("?ticket=".length).split(".")[0] ?? "";
    const mark = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")))[2];
    const sealed = (until: number, purpose: "ticket" | "session" = "ticket") =>
      `/ws?ticket=${seal(purpose, ["token", "viewers", mark, "token", until], secret)}`;
    assertEquals(await refusal(secured, sealed(Date.now() - 1)), 401);
    assertEquals(await refusal(secured, sealed(Date.now() + 9000, "session")), 401);
    await using _ = await TestSocket.openAt(server.addr.port, sealed(Date.now() + 9000));
  });
}

/** Opens a socket and a stream of a task, and answers when both have ended. */
async function watch(
  secured: Secured,
  port: number,
  headers: Headers,
): Promise<{ ended: Promise<number> }> {
  const id = await secured.request("POST", "/tasks", secured.bearer("operator"), {
    name: "divide",
    args: [1, 2],
  }).then((response) => response.json()).then(({ task_id }) => task_id);
  const socket = await TestSocket.openAt(port, `/ws/task/${id}`, headers);
  await socket.first("snapshot");
  const stream = await fetch(`http://127.0.0.1:${port}/tasks/${id}/events`, {
    headers: { ...headers, accept: "text/event-stream" },
  });
  assertEquals(stream.status, 200);
  const ended = Promise.all([socket.closed(), stream.text()]).then(async ([{ code }]) => {
    await socket[Symbol.asyncDispose]();
    return code;
  });
  return { ended };
}

Deno.test("sockets and streams end when the right to them does", async () => {
  await using secured = await Secured.start();
  await using server = serve(secured.test);
  const { port } = server.addr;
  const origin = `http://127.0.0.1:${port}`;
  const admin = secured.bearer("admin");
  const add = (kind: "users" | "tokens", body: unknown) =>
    secured.request("POST", `/${kind}`, admin, body);
  const login = async (name: string) => {
    const password = "a long password";
    assertEquals((await add("users", { name, role: "viewer", password })).status, 201);
    return { ...await secured.login(name, password), origin };
  };
  const ofPage = ({ cookie }: { cookie: string }) => ({ cookie, ...PAGE });
  const made = await (await add("tokens", { name: "ci", role: "viewer" })).json();
  const sessions = {
    removed: await login("removed"),
    promoted: await login("promoted"),
    changed: await login("changed"),
    everywhere: await login("everywhere"),
    out: await login("out"),
    stays: await login("stays"),
  };
  const ends = {
    removed: await watch(secured, port, sessions.removed),
    promoted: await watch(secured, port, sessions.promoted),
    changed: await watch(secured, port, sessions.changed),
    everywhere: await watch(secured, port, sessions.everywhere),
    token: await watch(secured, port, { authorization: `Bearer ${made.token}` }),
    file: await watch(secured, port, secured.bearer("viewer")),
  };
  const out = await TestSocket.openAt(port, "/ws", sessions.out);
  const stays = await TestSocket.openAt(port, "/ws", sessions.stays);

  const change = (method: string, path: string, headers: Headers, body?: unknown) =>
    secured.request(method, path, headers, body).then((response) => assert(response.ok, path));
  await change("DELETE", "/users/removed", admin);
  await change("PATCH", "/users/promoted", admin, { role: "operator" });
  await change("PATCH", "/users/changed", admin, { password: "another password" });
  await change("POST", "/logout-everywhere", ofPage(sessions.everywhere));
  await change("DELETE", "/tokens/ci", admin);
  await secured.write("tokens", "# nobody\n");
  await change("POST", "/logout", ofPage(sessions.out));
  for (const [name, { ended }] of Object.entries(ends)) assertEquals(await ended, 4401, name);
  assertEquals((await out.closed()).code, 4401);
  await sleep(100);
  stays.send({ topics: ["queues"] });
  await stays.first("topic");
  await Promise.all([stays, out].map((socket) => socket[Symbol.asyncDispose]()));
});

Deno.test("a socket ends by what another server is told, and with its session", async () => {
  await using secured = await Secured.start();
  await using server = serve(secured.test);
  const { port } = server.addr;
  const origin = `http://127.0.0.1:${port}`;
  const { cookie } = await secured.login("the-viewer");
  await using socket = await TestSocket.openAt(port, "/ws", { cookie, origin });
  const payload = (cookie.split("=")[1] ?? "").split(".")[0] ?? "";
  const session = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const secret = (await secured.test.broker.access.read(null))?.records.get("secret") ?? "";
  const short = seal("session", Object.assign(session, { 4: Date.now() + 1500 }), secret);
  await using brief = await TestSocket.openAt(port, "/ws", {
    cookie: `taskapp_session=${short}`,
    origin,
  });
  assertEquals((await brief.closed()).code, 4401);
  // As another server does that ends all sessions of this user.
  await secured.test.broker.access.put("epoch the-viewer", "another", null);
  assertEquals((await socket.closed()).code, 4401);
});
