import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { AuditEntry } from "../jobs/wire.ts";
import { problem, TestApp } from "./routes_app.ts";

Deno.test("POST /tasks without a body starts the sample task with its default of 60", async () => {
  await using t = await TestApp.start();
  for (const headers of [{}, { "content-type": "application/json" }, { "content-type": "a/b" }]) {
    const response = await t.post("/tasks", undefined, headers);
    assertEquals(response.status, 202);
    const { task_id, status } = await response.json();
    assertEquals(status, "PENDING");
    assertEquals(response.headers.get("location"), `/tasks/${task_id}`);
    const task = await (await t.get(`/tasks/${task_id}`)).json();
    assertEquals([task.name, task.args], ["create_task", [60]]);
  }
});

Deno.test("POST /tasks takes every option into the task", async () => {
  await using t = await TestApp.start();
  const response = await t.post("/tasks", {
    name: "divide",
    args: [1, 2],
    queue: "other",
    priority: "high",
    eta: "2100-01-01T02:00:00+02:00",
    expires: "2100-01-02T00:00:00Z",
    max_retries: 7,
    time_limit: 20,
    soft_time_limit: 0,
  });
  const { task_id } = await response.json();
  const task = await (await t.get(`/tasks/${task_id}`)).json();
  assertEquals(
    [task.queue, task.priority, task.eta, task.expires, task.max_retries],
    ["other", "high", "2100-01-01T00:00:00.000Z", "2100-01-02T00:00:00.000Z", 7],
  );
  assertEquals([task.time_limit, task.soft_time_limit, task.status], [20, 0, "PENDING"]);
});

Deno.test("countdown and expires in seconds count from the broker's now", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 2], { countdown: 60, expires: 120 });
  const task = await (await t.get(`/tasks/${id}`)).json();
  const created = Date.parse(task.created_at);
  assertEquals(Date.parse(task.eta) - created, 60_000);
  assertEquals(Date.parse(task.expires) - created, 120_000);
});

Deno.test("an Idempotency-Key answers the first request's task, and refuses another's", async () => {
  await using t = await TestApp.start();
  const key = { "idempotency-key": "order-17" };
  const call = { name: "divide", args: [1, 2] };
  const first = await (await t.post("/tasks", call, key)).json();
  const second = await t.post("/tasks", call, key);
  assertEquals(second.status, 202);
  assertEquals((await second.json()).task_id, first.task_id);
  const other = await problem(await t.post("/tasks", { ...call, args: [1, 3] }, key), 422);
  assertEquals(other.errors[0].path, "Idempotency-Key");
  await problem(await t.post("/tasks", call, { "idempotency-key": "k".repeat(256) }), 422);
});

Deno.test("what does not fit a task is refused with its path", async () => {
  await using t = await TestApp.start();
  const cases: [body: unknown, path: string][] = [
    [{ name: "divide", args: [1, "two"] }, "args.1"],
    [{ name: "divide", args: [1] }, "args"],
    [{ name: "divide", args: { x: 1 } }, "args"],
    [{ name: "divide" }, "args"],
    [{ name: 5 }, "name"],
    [{ nmae: "divide" }, "nmae"],
    [{ name: "divide", args: [1, 2], queue: "no spaces" }, "queue"],
    [{ name: "divide", args: [1, 2], priority: "urgent" }, "priority"],
    [{ name: "divide", args: [1, 2], countdown: -1 }, "countdown"],
    [{ name: "divide", args: [1, 2], countdown: 1, eta: "2100-01-01T00:00:00Z" }, "countdown"],
    [{ name: "divide", args: [1, 2], eta: "tomorrow" }, "eta"],
    [{ name: "divide", args: [1, 2], eta: "2100-01-01T00:00:00" }, "eta"],
    [{ name: "divide", args: [1, 2], expires: "soon" }, "expires"],
    [{ name: "divide", args: [1, 2], max_retries: 1.5 }, "max_retries"],
    [{ name: "divide", args: [1, 2], time_limit: 1e12 }, "time_limit"],
    [[], "body"],
    [null, "body"],
  ];
  for (const [body, path] of cases) {
    const { errors, detail } = await problem(await t.post("/tasks", body), 422);
    assertEquals(errors[0].path, path);
    assertStringIncludes(detail, path);
  }
  const noTime = { name: "divide", args: [1, 2], eta: "tomorrow" };
  const { errors } = await problem(await t.post("/tasks", noTime), 422);
  assertEquals(errors, [{
    path: "eta",
    message: "must be a time in ISO 8601 with a time zone",
  }]);
  assertEquals((await t.broker.stats()).enqueued, 0);
});

Deno.test("an unknown task is refused with the names that exist", async () => {
  await using t = await TestApp.start();
  const { known, detail } = await problem(await t.post("/tasks", { name: "dvide" }), 404);
  assert(known.includes("divide"));
  assertStringIncludes(detail, '"dvide"');
});

Deno.test("a body that is not JSON is refused for what it is", async () => {
  await using t = await TestApp.start();
  const send = (path: string, body: string, type?: string) =>
    t.app.request(path, {
      method: "POST",
      body: new TextEncoder().encode(body),
      headers: type ? { "content-type": type } : {},
    });
  for (const path of ["/tasks", "/tasks/batch", "/start-task"]) {
    await problem(await send(path, "{", "application/json"), 400);
    await problem(await send(path, "{}", "text/plain"), 415);
    await problem(await send(path, "{}"), 415);
  }
  assertEquals((await send("/tasks", "{}", "application/json; charset=utf-8")).status, 202);
});

Deno.test("a body with a byte order mark is refused for it", async () => {
  await using t = await TestApp.start();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, t.app.fetch);
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/tasks`, {
    method: "POST",
    body: "\uFEFF{}",
    headers: { "content-type": "application/json" },
  });
  assertStringIncludes((await problem(response, 400)).detail, "byte order mark");
});

Deno.test("a body or arguments that are too large are refused", async () => {
  await using t = await TestApp.start();
  const word = (length: number) => ({ name: "test_celery", args: ["w".repeat(length)] });
  await problem(await t.post("/tasks", word(1.3 * 1024 * 1024)), 413);
  await problem(await t.post("/tasks", {}, { "content-length": "99999999" }), 413);
  // Two headers that agree.
  const twice = { "content-length": "2097152, 2097152" };
  await problem(await t.post("/tasks", word(2 * 1024 * 1024), twice), 413);
  await problem(await t.post("/start-task", word(2 * 1024 * 1024), twice), 413);
  await problem(await t.post("/tasks/batch", { tasks: [word(17 * 1024 * 1024)] }), 413);
  const big = { name: "webhook", args: { url: "http://x.test/", body: "w".repeat(1024 * 1024) } };
  await problem(await t.post("/tasks", big), 413);
});

Deno.test("deeply nested arguments do no harm", async () => {
  await using t = await TestApp.start();
  const deep = "[".repeat(400_000) + "]".repeat(400_000);
  const response = await t.app.request("/tasks", {
    method: "POST",
    body: `{"name":"webhook","args":{"url":"http://x.test/","body":${deep}}}`,
    headers: { "content-type": "application/json" },
  });
  assertEquals(response.status, 202);
  await response.body?.cancel();
  const task = await t.get(response.headers.get("location") ?? "");
  assertStringIncludes(await task.text(), deep);
});

Deno.test("POST /tasks/batch accepts many tasks, in order", async () => {
  await using t = await TestApp.start();
  const calls = Array.from({ length: 2500 }, (_, i) => ({ name: "divide", args: [i, 1] }));
  const response = await t.post("/tasks/batch", { tasks: calls });
  assertEquals(response.status, 202);
  const { tasks } = await response.json();
  assertEquals(tasks.length, 2500);
  const last = await (await t.get(`/tasks/${tasks[2499].task_id}`)).json();
  assertEquals([last.args, last.status], [[2499, 1], "PENDING"]);
});

Deno.test("one bad task in a batch refuses all of it, with its path", async () => {
  await using t = await TestApp.start();
  const good = { name: "divide", args: [1, 2] };
  const batch = (bad: unknown) => ({ tasks: [...new Array(17).fill(good), bad, good] });
  const cases: [bad: unknown, path: string][] = [
    [{ name: "divide", args: ["one", 2] }, "tasks.17.args.0"],
    [{ name: "dvide", args: [1, 2] }, "tasks.17.name"],
    [{ ...good, colour: "red" }, "tasks.17.colour"],
    [{ ...good, countdown: 1, eta: "2100-01-01T00:00:00Z" }, "tasks.17.countdown"],
    ["divide", "tasks.17"],
  ];
  for (const [bad, path] of cases) {
    const { errors } = await problem(await t.post("/tasks/batch", batch(bad)), 422);
    assertEquals(errors.map((error: { path: string }) => error.path), [path]);
  }
  for (const body of [{ tasks: [] }, { tasks: new Array(10_001).fill(good) }, [good], undefined]) {
    await problem(await t.post("/tasks/batch", body), 422);
  }
  assertEquals((await t.broker.stats()).enqueued, 0);
});

Deno.test("a body that does not arrive, or not in time, is not waited for, whoever sends it", async () => {
  await using t = await TestApp.start();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, t.app.fetch);
  const begin = async (headers: string) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const request = "POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
      `Content-Length: 10\r\n${headers}\r\n{`;
    await connection.write(new TextEncoder().encode(request));
    const answer = new Uint8Array(1024);
    const length = await connection.read(answer) ?? 0;
    return new TextDecoder().decode(answer.subarray(0, length));
  };
  const fromPage = "X-Requested-With: taskapp\r\n"; // of the page's requests there is an audit trail
  const late = await Promise.all(["", fromPage].map(begin));
  for (const answer of late) assertMatch(answer, /^HTTP\/1.1 408 /);
  // Without a length, it is found too long while it is read.
  const long = await t.app.request("/tasks", {
    method: "POST",
    body: new Blob(["x".repeat(0x200000)]).stream(),
    headers: { "content-type": "application/json", "x-requested-with": "taskapp" },
  });
  await problem(long, 413);
  assertEquals(long.headers.get("x-content-type-options"), "nosniff");
  const { entries } = await (await t.get("/audit")).json();
  const noted = entries.map(({ status, detail }: AuditEntry) => [status, detail]);
  assertEquals(noted, [[413, null], [408, null]]);
});
