import { assert, assertEquals } from "@std/assert";
import { problem, TestApp } from "./routes_app.ts";
import { numbers, serve, TestSocket } from "./routes_socket.ts";
import { until } from "./until.ts";

Deno.test("with Redis away, requests get 503 in time, and all goes on when it is back", async () => {
  await using t = await TestApp.start({ durable: true });
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  await using socket = await TestSocket.open(server, `/ws/task/${id}`);
  await using all = await TestSocket.open(server, "/ws");
  await socket.first("snapshot");

  await t.redis.down();
  const requests: [path: string, post: boolean][] = [
    ["/tasks", true],
    ["/start-task", true],
    ["/hello", false],
    ["/tasks", false],
    [`/tasks/${id}`, false],
    [`/tasks/${id}?wait=5`, false],
    [`/tasks/${id}/events`, false],
    [`/tasks/${id}/revoke`, true],
    ["/queues", false],
    ["/queues/default/pause", true],
    ["/workers", false],
    ["/stats", false],
    ["/metrics", false],
    ["/readyz", false],
  ];
  const started = Date.now();
  await Promise.all(requests.map(async ([path, post]) => {
    const response = await (post ? t.post(path) : t.get(path));
    assert(Number(response.headers.get("retry-after")) > 0, `${path} says when to come back`);
    await problem(response, 503);
  }));
  await using late = await TestSocket.open(server, `/ws/task/${id}`);
  assertEquals((await late.first("error")).type, "error");
  const stream = { accept: "text/event-stream" };
  await problem(await t.get(`/tasks/${id}/events`, stream), 503);
  assert(Date.now() - started < 10_000, "no request hangs");
  assertEquals((await t.get("/healthz")).status, 200);

  const away = await problem(await t.get("/readyz"), 503);
  assert(away.last_answer_seconds > 0, `${away.last_answer_seconds}`);
  assertEquals(
    away.detail,
    `The broker does not answer: its last answer was ${away.last_answer_seconds} s ago`,
  );

  await t.redis.up();
  await until(async () => (await t.get("/readyz")).status === 200);
  await t.run(0.5);
  await until(() => socket.seqs(id).at(-1) === 3);
  assertEquals(socket.seqs(id), numbers(3, 1));
  assertEquals((await all.first("error")).type, "error");
  assertEquals((await late.first("snapshot")).task.task_id, id);
  assertEquals(late.messages.filter(({ type }) => type === "error").length, 1);
});

Deno.test("with Redis away and nobody watching, sockets and streams get 503 and later work", async () => {
  await using t = await TestApp.start({ durable: true });
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  const stream = () => t.get(`/tasks/${id}/events`, { accept: "text/event-stream" });
  await t.redis.down();
  await problem(await t.get("/ws", { upgrade: "websocket" }), 503);
  await problem(await stream(), 503);
  await t.redis.up();
  await until(async () => (await t.get("/readyz")).status === 200);
  await using socket = await TestSocket.open(server, "/ws");
  const text = (await stream()).text();
  await t.run(0.5);
  assertEquals((await text).match(/^id: \d+$/gm), ["id: 1", "id: 2", "id: 3"]);
  await until(() => socket.seqs(id).length === 2);
  assertEquals(socket.seqs(id), [2, 3]);
});

Deno.test("events that a socket missed while Redis was away are told when it is back", async () => {
  await using t = await TestApp.start({ durable: true });
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  const claimed = await t.claim();
  await using socket = await TestSocket.open(server, `/ws/task/${id}`);
  await socket.first("snapshot");
  for (let round = 1; round <= 3; round++) {
    await t.redis.down();
    await t.redis.up();
    await until(() => t.broker.ping().then(() => true, () => false));
    await t.progress(claimed, round);
    await t.progress(claimed, round + 0.5);
  }
  await t.settle(claimed, { state: "SUCCESS", result: "0.5" });
  await until(() => socket.events.at(-1)?.status === "SUCCESS");
  assertEquals(socket.seqs(id), numbers(9, 2));
  assertEquals(socket.snapshots.length, 1);
});
