import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MAX_FOLLOWED } from "../routes/watcher.ts";
import { problem, TestApp, WORKER } from "./routes_app.ts";
import { numbers, serve, TestSocket } from "./routes_socket.ts";
import { until } from "./until.ts";

const SUCCESS = { state: "SUCCESS", result: "0.5" } as const;

Deno.test("/ws/task/{id} sends a snapshot and then every numbered event", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  await using socket = await TestSocket.open(server, `/ws/task/${id}`);
  const { task } = await socket.first("snapshot");
  assertEquals([task.task_id, task.status, task.events], [id, "PENDING", 1]);
  const claimed = await t.claim();
  await t.progress(claimed, 25, "STARTED");
  await t.progress(claimed, 50, "PROCESSING");
  await t.settle(claimed, SUCCESS);
  await until(() => socket.events.at(-1)?.status === "SUCCESS");
  assertEquals(socket.seqs(id), [2, 3, 4, 5]);
  assertEquals(socket.events.map(({ stage, progress }) => [stage, progress]), [
    [null, 0],
    ["STARTED", 25],
    ["PROCESSING", 50],
    ["PROCESSING", 100],
  ]);
  assertEquals(socket.messages[0]?.type, "snapshot");
});

Deno.test("a client that comes and goes misses nothing and hears nothing twice", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  const claimed = await t.claim();
  const LAST = 400;
  const running = (async () => {
    for (let seq = 3; seq < LAST; seq++) await t.progress(claimed, seq / LAST);
    await t.settle(claimed, SUCCESS);
  })();

  const heard: number[] = [];
  while (heard.at(-1) !== LAST) {
    const after = heard.at(-1) ?? 0;
    await using socket = await TestSocket.open(server, `/ws/task/${id}?after=${after}`);
    await until(() => socket.seqs(id).length >= 10 || socket.seqs(id).at(-1) === LAST);
    assertEquals(socket.snapshots.length, 1);
    heard.push(...socket.seqs(id));
  }
  assertEquals(heard, numbers(LAST));
  await running;
});

Deno.test("an unknown task is said to be unknown, and its socket closed with 4404", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  await using socket = await TestSocket.open(server, "/ws/task/nobody");
  assertEquals((await socket.closed()).code, 4404);
  assertEquals(socket.messages, [{ type: "unknown", task_id: "nobody" }]);
  await problem(await t.get("/ws/task/x?after=two", { upgrade: "websocket" }), 422);
});

Deno.test("/ws pushes every task's id, status and progress until a client chooses", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  await using all = await TestSocket.open(server, "/ws");
  await using chosen = await TestSocket.open(server, "/ws");
  chosen.send({ subscribe: [] });
  chosen.send({ subscribe: ["nobody"] });
  await chosen.first("unknown");

  const first = await t.task("divide", [1, 2]);
  const second = await t.task("divide", [3, 4]);
  chosen.send({ subscribe: [second] });
  await chosen.first("snapshot");
  await t.run(0.5);
  await t.run(0.75);
  await until(() => all.events.length === 6 && chosen.events.length === 2);
  assertEquals(all.seqs(first), [1, 2, 3]);
  assertEquals(all.seqs(second), [1, 2, 3]);
  assertEquals(chosen.events.map(({ task_id, seq }) => [task_id, seq]), [[second, 2], [second, 3]]);
  const { task_id, status, progress } = all.events.at(-1) ?? {};
  assertEquals({ task_id, status, progress }, {
    task_id: second,
    status: "SUCCESS",
    progress: 100,
  });
});

Deno.test("?batch=true has several messages in a frame, the same ones in the same order", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  await using single = await TestSocket.open(server, "/ws");
  await using all = await TestSocket.open(server, "/ws?batch=true");
  await using chosen = await TestSocket.open(server, "/ws?batch=true");
  chosen.send({ topics: ["counts"] });
  await chosen.first("topic");
  const COUNT = 200;
  const { task_id: first } = await (await t.post("/tasks", { name: "divide", args: [1, 2] }))
    .json();
  chosen.send({ subscribe: [first, "nobody"] });
  await chosen.first("unknown");
  const calls = Array.from({ length: COUNT }, () => ({ name: "divide", args: [1, 2] }));
  assertEquals((await t.post("/tasks/batch", { tasks: calls })).status, 202);
  await t.run(0.5);
  await until(() => single.events.length === COUNT + 3 && all.events.length === COUNT + 3);
  assertEquals(all.events, single.events);
  assertEquals(single.batches, []);
  assert(all.batches.length < COUNT / 10, `${all.batches.length} frames`);
  assertEquals(all.batches.reduce((sum, each) => sum + each), all.messages.length);
  await until(() => chosen.events.length === 2);
  assertEquals(chosen.seqs(first), [2, 3]);
  assertEquals(chosen.batches.reduce((sum, each) => sum + each), chosen.messages.length);

  await using one = await TestSocket.open(server, `/ws/task/${first}?after=0&batch=true`);
  await until(() => one.events.length === 3);
  assertEquals(one.messages.map(({ type }) => type), ["snapshot", "event", "event", "event"]);
  await using nobody = await TestSocket.open(server, "/ws/task/nobody?batch=true");
  assertEquals((await nobody.closed()).code, 4404);
  assertEquals(nobody.messages, [{ type: "unknown", task_id: "nobody" }]);
  await problem(await t.get("/ws?batch=yes", { upgrade: "websocket" }), 422);
});

Deno.test("/ws resumes each task after its number, and unsubscribes", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const ids = [await t.task("divide", [1, 2]), await t.task("divide", [3, 4])] as const;
  await t.run(0.5);
  await using socket = await TestSocket.open(server, "/ws");
  socket.send({ subscribe: { [ids[0]]: 1, [ids[1]]: 99 } });
  await until(() => socket.snapshots.length === 2 && socket.events.length === 2);
  assertEquals(socket.seqs(ids[0]), [2, 3]);
  socket.send({ unsubscribe: [ids[0]] });
  await t.post(`/tasks/${ids[0]}/retry`);
  await t.claim();
  await until(() => socket.seqs(ids[1]).length === 1);
  assertEquals(socket.seqs(ids[0]), [2, 3]);
  // A number from before the broker lost its data does not silence the task.
  assertEquals(socket.seqs(ids[1]), [2]);
});

Deno.test("a thousand subscriptions on one socket get a snapshot and the end of each", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const calls = new Array(1000).fill({ name: "divide", args: [1, 2] });
  const { tasks } = await (await t.post("/tasks/batch", { tasks: calls })).json();
  const ids: string[] = tasks.map((task: { task_id: string }) => task.task_id);
  await using socket = await TestSocket.open(server, "/ws");
  socket.send({ subscribe: ids });
  const claims = await t.broker.claim(WORKER, ["default"], 1000);
  await t.broker.settle(
    WORKER,
    claims.map(({ id, token }) => ({ id, token, outcome: SUCCESS })),
  );
  await until(() => socket.snapshots.length === 1000);
  await t.get("/readyz");
  await until(() => {
    const ended = new Set<string>();
    for (const task of socket.snapshots) if (task.events === 3) ended.add(task.task_id);
    for (const event of socket.events) if (event.seq === 3) ended.add(event.task_id);
    return ended.size === 1000;
  });
  for (const { task_id, events } of socket.snapshots) {
    assertEquals(socket.seqs(task_id), numbers(3, events));
  }
});

Deno.test("messages that make no sense are answered with what would", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  await using socket = await TestSocket.open(server, "/ws");
  const cases = [
    ["hello", "JSON"],
    ["[]", "message"],
    ['{"subscribe":"x"}', "subscribe"],
    ['{"subscribe":{"x":-1}}', "subscribe"],
    ['{"follow":["x"]}', "follow"],
    [JSON.stringify({ subscribe: ["x".repeat(129)] }), "subscribe"],
  ];
  for (const [message = ""] of cases) socket.send(message);
  await until(() => socket.messages.length === cases.length);
  for (const [index, [, part = ""]] of cases.entries()) {
    const answer = socket.messages[index];
    assert(answer?.type === "error");
    assertStringIncludes(answer.detail, part);
  }
  socket.send("x".repeat(70_000));
  assertEquals((await socket.closed()).code, 1009);
});

Deno.test("one socket can watch a limited number of tasks", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  await using socket = await TestSocket.open(server, "/ws");
  const id = await t.task("divide", [1, 2]);
  const frames = Array.from(
    { length: MAX_FOLLOWED / 5000 + 1 },
    (_, frame) => Array.from({ length: 5000 }, (_, i) => `${5000 * frame + i}`),
  );
  for (const subscribe of frames) socket.send({ subscribe });
  const { detail } = await socket.first("error");
  assertStringIncludes(detail, "unsubscribe");
  for (const unsubscribe of frames) socket.send({ unsubscribe });
  socket.send({ subscribe: [id] });
  await socket.first("snapshot");
  assertEquals(socket.messages.filter(({ type }) => type === "error").length, 1);
});

Deno.test("a page of another site gets no socket, and a plain request is told to upgrade", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const upgrade = { upgrade: "websocket", connection: "upgrade" };
  await problem(await t.get("/ws", { ...upgrade, origin: "http://evil.example" }), 403);
  const response = await t.get("/ws");
  assertEquals(response.headers.get("upgrade"), "websocket");
  await problem(response, 426);
  await problem(await t.get("/ws", upgrade), 400);

  const url = `ws://127.0.0.1:${server.addr.port}/ws`;
  const attempt = async (origin: string) => {
    const socket = new WebSocket(url, { headers: { origin } });
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.onopen = () => socket.close();
    socket.onerror = () => resolve("refused");
    socket.onclose = () => resolve("opened");
    return await promise;
  };
  assertEquals(await attempt("http://evil.example"), "refused");
  assertEquals(await attempt(`http://127.0.0.1:${server.addr.port}`), "opened");
});

Deno.test("the metrics count open sockets", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const clients = async () => {
    const text = await (await t.get("/metrics")).text();
    return Number(/^taskapp_websocket_clients (\d+)$/m.exec(text)?.[1]);
  };
  {
    await using _one = await TestSocket.open(server, "/ws");
    await using _two = await TestSocket.open(server, "/ws");
    await until(async () => await clients() === 2);
  }
  await until(async () => await clients() === 0);
});

Deno.test("a closing app sends sockets away with 1001 and ends streams", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  await using socket = await TestSocket.open(server, "/ws");
  const stream = await t.get(`/tasks/${id}/events`, { accept: "text/event-stream" });
  const reader = stream.body?.getReader();
  assertEquals((await reader?.read())?.done, false);
  await t.app.close();
  assertEquals((await socket.closed()).code, 1001);
  assertEquals((await reader?.read())?.done, true);
  await problem(await t.get("/ws", { upgrade: "websocket" }), 503);
});

Deno.test("server-sent events replay, go on live, and end with the task", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  const url = `http://127.0.0.1:${server.addr.port}/tasks/${id}/events`;
  const open = (headers: Record<string, string> = {}, query = "") =>
    fetch(url + query, { headers: { accept: "text/event-stream", ...headers } });

  const response = await open();
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const reading = response.text();
  const claimed = await t.claim();
  await t.progress(claimed, 50, "HALFWAY");
  const rest = (await open({ "last-event-id": "2" })).text();
  const same = (await open({}, "?after=2")).text();
  await t.settle(claimed, SUCCESS);

  const frames = (await reading).trimEnd().split("\n\n");
  assertEquals(frames.length, 4);
  for (const [index, frame] of frames.entries()) {
    const [number, kind, data = ""] = frame.split("\n");
    assertEquals([number, kind], [`id: ${index + 1}`, "event: task"]);
    assertEquals(JSON.parse(data.slice("data: ".length)).seq, index + 1);
  }
  assertEquals((await rest).trimEnd().split("\n\n"), frames.slice(2));
  assertEquals((await same).trimEnd().split("\n\n"), frames.slice(2));

  const over = await open({ "last-event-id": "4" });
  assertEquals([over.status, await over.text()], [204, ""]);
});

Deno.test("a stream whose reader leaves is let go", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  const id = await t.task("divide", [1, 2]);
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/tasks/${id}/events`, {
    headers: { accept: "text/event-stream" },
  });
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  // The sanitizers notice a heartbeat or a connection that is left behind.
});
