import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { TOPICS } from "../jobs/wire.ts";
import { type TopicClient, Topics, type TopicSources } from "../routes/topics.ts";
import { beat } from "./broker_kit.ts";
import { TestApp } from "./routes_app.ts";
import { serve, TestSocket } from "./routes_socket.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind}: a socket is told of its topics at once, and when they change`, async () => {
    await using t = TestApp.on(await start());
    await using server = serve(t);
    await using socket = await TestSocket.open(server, "/ws");
    socket.send({ topics: ["counts", "queues", "workers", "schedules", "dead"] });
    await until(() =>
      new Set(socket.messages.map((each) => "topic" in each && each.topic)).size === 5
    );
    assertEquals(socket.topic("counts"), [await (await t.get("/tasks/counts")).json()]);
    assertEquals(socket.topic("queues"), [(await (await t.get("/queues")).json()).queues]);
    assertEquals(socket.topic("workers"), [[]]);
    assertEquals(socket.topic("schedules"), [[]]);
    assertEquals(socket.topic("dead"), [{ count: 0, groups: [] }]);

    await t.task("divide", [1, 2]);
    await t.broker.heartbeat(beat("w"));
    await until(() => socket.topic("counts").length === 2 && socket.topic("workers").length === 2);
    assertEquals(socket.topic("counts")[1]?.PENDING, 1);
    assertEquals(socket.topic("workers")[1]?.map(({ name }) => name), ["w"]);
    assertEquals(socket.topic("schedules").length, 1, "what did not change is not told again");
    assertEquals(socket.events, [], "who chooses topics is told of no task");
  });
}

Deno.test("a socket may change its topics, and watch tasks besides", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  await using socket = await TestSocket.open(server, "/ws");
  socket.send({ topics: ["counts"], subscribe: [id] });
  await socket.first("snapshot");
  await until(() => socket.topic("counts").length === 1);
  socket.send({ topics: ["workers"] });
  await until(() => socket.topic("workers").length === 1);
  await t.run(0.5);
  await until(() => socket.seqs(id).at(-1) === 3);
  assertEquals(socket.seqs(id), [2, 3]);
  await t.broker.heartbeat(beat("w"));
  await until(() => socket.topic("workers").length === 2);
  assertEquals(socket.topic("counts").length, 1);

  socket.send('{"topics":["weather"]}');
  const { detail } = await socket.first("error");
  for (const word of ["topics.0", ...TOPICS]) assertStringIncludes(detail, word);
});

Deno.test("while the broker is away a socket is told so once, and all again when it is back", async () => {
  await using t = await TestApp.start({ durable: true });
  await using server = serve(t);
  await using socket = await TestSocket.open(server, "/ws");
  socket.send({ topics: ["counts", "queues"] });
  await until(() => socket.topic("counts").length === 1 && socket.topic("queues").length === 1);
  await t.redis.down();
  const { detail } = await socket.first("error");
  assertStringIncludes(detail, "goes on when it does");
  await t.redis.up();
  await until(() => socket.topic("counts").length === 2 && socket.topic("queues").length === 2);
  assertEquals(socket.messages.filter(({ type }) => type === "error").length, 1);
});

/** Sources of which only the dead are watched: their number is how often they were read. */
function countingSources(): { reads: () => number; sources: TopicSources } {
  let count = 0;
  const unwatched = () => Promise.reject(new Error("nobody watches this"));
  const dead = () => Promise.resolve({ count: ++count, groups: [] });
  const sources = {
    counts: unwatched,
    queues: unwatched,
    workers: unwatched,
    history: unwatched,
    schedules: unwatched,
    dead,
  };
  return { reads: () => count, sources };
}

class Client implements TopicClient {
  readonly told: number[] = [];
  keepsUp = true;

  tell(text: string): boolean {
    if (this.keepsUp) this.told.push(JSON.parse(text).data.count);
    return this.keepsUp;
  }
  away(): void {}
}

Deno.test("a topic is read once for all who watch it, and not while nobody does", async () => {
  const { reads, sources } = countingSources();
  const topics = new Topics(sources, 10);
  const first = new Client();
  const second = new Client();
  for (const client of [first, second]) topics.watch(client, ["dead"]);
  await until(() => reads() >= 5);
  assertEquals(first.told, Array.from({ length: reads() }, (_, i) => i + 1));
  assertEquals(second.told, first.told);

  topics.watch(first, []);
  await until(() => second.told.length > first.told.length);
  topics.close();
  await sleep(20); // one look may have been under way
  const before = reads();
  await sleep(200);
  assertEquals(reads(), before);
  topics.watch(first, ["dead"]);
  await until(() => first.told.includes(before + 1));
  topics.close();
});

Deno.test("a client that does not keep up is told the newest once it does, and nothing before", async () => {
  const { reads, sources } = countingSources();
  const topics = new Topics(sources, 10);
  const slow = new Client();
  slow.keepsUp = false;
  topics.watch(slow, ["dead"]);
  await until(() => reads() >= 5);
  slow.keepsUp = true;
  await until(() => slow.told.length > 0);
  assert((slow.told[0] ?? 0) >= 5, `${slow.told[0]} is not the newest`);
  topics.close();
});

Deno.test("a real socket that is not read does not gather what has changed meanwhile", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const CHANGES = 7;
  const args = { csv: "x".repeat(60_000) };
  for (let i = 0; i < 60; i++) { // together 3.6 MB
    const schedule = { name: `s${i}`, task: "csv_report", args, every: 3600 };
    assertEquals((await t.post("/schedules", schedule)).status, 201);
  }
  using lazy = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const handshake = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" +
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  await lazy.write(new TextEncoder().encode(handshake));
  const request = new TextEncoder().encode('{"topics":["schedules"]}');
  // A short masked text frame; the mask of zeros changes nothing.
  await lazy.write(new Uint8Array([0x81, 0x80 | request.length, 0, 0, 0, 0, ...request]));
  await using eager = await TestSocket.open(server, "/ws");
  eager.send({ topics: ["schedules"] });
  for (let change = 1; change <= CHANGES; change++) {
    await until(() => eager.topic("schedules").length === change);
    assertEquals((await t.patch("/schedules/s0", { every: 3600 + change })).status, 200);
  }
  await until(() => eager.topic("schedules").length > CHANGES);

  let received = "";
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(1 << 20);
  while (!received.includes(`"every":${3600 + CHANGES},`)) {
    const length = await lazy.read(buffer);
    assert(length !== null, "the socket was closed");
    received += decoder.decode(buffer.subarray(0, length)).replaceAll(/x{9,}/g, "");
  }
  const messages = received.split('{"type":"topic"').length - 1;
  assert(messages > 0 && messages < CHANGES, `${messages} messages`);
});
