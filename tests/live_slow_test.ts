import { assert, assertEquals } from "@std/assert";
import { Hub } from "../routes/hub.ts";
import { HIGH, type Sink, Watcher } from "../routes/watcher.ts";
import { TestApp, WORKER } from "./routes_app.ts";
import { numbers, serve, TestSocket } from "./routes_socket.ts";
import { until } from "./until.ts";

/** A client that takes nothing until it is told to. */
class LazyClient implements Sink {
  readonly events: Sink["events"];
  readonly told: number[] = [];
  snapshots = 0;
  unsent = 0;
  most = 0;
  closedWith: number | undefined;

  /** @param batched whether it takes several events in one message */
  constructor(batched = false) {
    this.events = batched ? ({ events }) => events.forEach((each) => this.event(each)) : undefined;
  }

  event({ event, json }: { event: { seq: number }; json: string }): void {
    this.told.push(event.seq);
    this.unsent += json.length;
    this.most = Math.max(this.most, this.unsent);
  }
  snapshot(): void {
    this.snapshots++;
  }
  unknown(): void {}
  notice(): void {}
  buffered(): number {
    return this.unsent;
  }
  close(code: number): void {
    this.closedWith = code;
  }
}

const META = JSON.stringify("m".repeat(15_000));

Deno.test("a slow client costs bounded memory, and is told everything once it reads", async () => {
  await using t = await TestApp.start();
  const hub = new Hub(t.broker);
  await hub.ready();
  const one = new LazyClient();
  const all = new LazyClient();
  const batched = new LazyClient(true);
  const ofOne = new Watcher(hub, t.broker, one);
  const ofAll = new Watcher(hub, t.broker, all);
  ofAll.followAll();
  const ofAllBatched = new Watcher(hub, t.broker, batched);
  ofAllBatched.followAll();
  const id = await t.task("divide", [1, 2]);
  ofOne.follow(id);
  await until(() => one.snapshots === 1);

  const { token } = await t.claim();
  const LAST = 600;
  for (let seq = 3; seq <= LAST; seq++) {
    const progress = { percent: 100 * seq / LAST, stage: null, meta: META };
    await t.broker.report(WORKER, [{ id, token, progress }]);
  }
  const bytes = LAST * META.length;
  for (const client of [one, all, batched]) {
    assert(client.told.length > 0 && client.told.length < LAST / 2);
    assert(client.most < HIGH + 2 * META.length && client.most < bytes / 4);
  }
  const draining = setInterval(() => one.unsent = all.unsent = batched.unsent = 0, 5);
  await until(() => [one, all, batched].every(({ told }) => told.at(-1) === LAST));
  clearInterval(draining);
  assertEquals(one.told, numbers(LAST, 1));
  assertEquals(all.told, numbers(LAST));
  assertEquals(batched.told, numbers(LAST));
  for (const client of [one, all, batched]) assert(client.most < HIGH + 2 * META.length);
  ofOne.close();
  ofAll.close();
  ofAllBatched.close();
  await hub.close();
});

Deno.test("a client that falls behind what is kept gets a snapshot in its place", async () => {
  await using t = await TestApp.start();
  const hub = new Hub(t.broker);
  await hub.ready();
  const client = new LazyClient();
  const watcher = new Watcher(hub, t.broker, client);
  const id = await t.task("divide", [1, 2]);
  watcher.follow(id);
  await until(() => client.snapshots === 1);
  const { token } = await t.claim();
  await until(() => client.told.length === 1);
  client.unsent = HIGH + 1;
  const LAST = 2502;
  const report = { id, token, progress: { percent: 1, stage: null, meta: null } };
  await t.broker.report(WORKER, new Array(LAST - 2).fill(report));
  const kept = await t.broker.events(id, 2);
  client.unsent = 0;
  await until(() => client.told.at(-1) === LAST);
  assertEquals(client.snapshots, 2);
  assertEquals(client.told.slice(1), kept?.map(({ seq }) => seq));
  watcher.close();
  await hub.close();
});

Deno.test("a client that takes nothing at all is sent away", async () => {
  await using t = await TestApp.start();
  const hub = new Hub(t.broker);
  await hub.ready();
  const client = new LazyClient();
  client.unsent = HIGH + 1;
  const watcher = new Watcher(hub, t.broker, client, 100);
  watcher.follow(await t.task("divide", [1, 2]));
  await until(() => client.closedWith !== undefined);
  assertEquals(client.closedWith, 1013);
  await hub.close();
});

Deno.test("a real socket that is not read does not hold up the others", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  using lazy = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const handshake = `GET /ws/task/${id} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n` +
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  await lazy.write(new TextEncoder().encode(handshake));
  await using eager = await TestSocket.open(server, `/ws/task/${id}`);
  await eager.first("snapshot");
  const { token } = await t.claim();
  const LAST = 900;
  for (let seq = 3; seq <= LAST; seq++) {
    const progress = { percent: 100 * seq / LAST, stage: null, meta: META };
    await t.broker.report(WORKER, [{ id, token, progress }]);
  }
  await until(() => eager.seqs(id).at(-1) === LAST);
  assertEquals(eager.seqs(id), numbers(LAST, 1));

  let received = "";
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(1 << 20);
  while (!received.includes(`"seq":${LAST},`)) {
    const length = await lazy.read(buffer);
    assert(length !== null, "the socket was closed");
    received += decoder.decode(buffer.subarray(0, length));
  }
  const seqs = [...received.matchAll(/"seq":(\d+),/g)].map(([, seq]) => Number(seq));
  assertEquals(seqs, numbers(LAST, 1));
});
