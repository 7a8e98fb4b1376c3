import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { problem, TestApp } from "./routes_app.ts";

Deno.test("GET /tasks/{id} tells how a task stands, from its start to its result", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 2]);
  const look = async () => await (await t.get(`/tasks/${id}`)).json();
  assertEquals((await look()).status, "PENDING");
  const claimed = await t.claim();
  await t.progress(claimed, 50, "HALFWAY");
  const running = await look();
  assertEquals([running.status, running.progress, running.stage], ["PROGRESS", 50, "HALFWAY"]);
  await t.settle(claimed, { state: "SUCCESS", result: "0.5" });
  const ended = await look();
  assertEquals([ended.status, ended.result, ended.error], ["SUCCESS", 0.5, null]);
  assertEquals((await t.get(`/tasks/${id}`)).headers.get("cache-control"), "no-store");
  await problem(await t.get("/tasks/nobody"), 404);
});

Deno.test("?wait= answers when the task ends, or when the time is over", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 2]);
  const early = await (await t.get(`/tasks/${id}?wait=0.05`)).json();
  assertEquals(early.status, "PENDING");
  const waiting = t.get(`/tasks/${id}?wait=60`);
  await t.run(0.5);
  assertEquals((await (await waiting).json()).result, 0.5);
  for (const wait of ["61", "-1", "long"]) {
    const { errors } = await problem(await t.get(`/tasks/${id}?wait=${wait}`), 422);
    assertEquals(errors[0].path, "wait");
  }
  await problem(await t.get("/tasks/nobody?wait=60"), 404);
});

Deno.test("a closing app does not keep waiting requests", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 2]);
  const waiting = t.get(`/tasks/${id}?wait=60`);
  await t.get("/readyz");
  await t.app.close();
  assertEquals((await (await waiting).json()).status, "PENDING");
});

Deno.test("GET /tasks lists the newest first, page by page", async () => {
  await using t = await TestApp.start();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.unshift(await t.task("divide", [i, 1]));
  const seen: string[] = [];
  let next: string | null = "/tasks?limit=2";
  for (let pages = 0; next !== null && pages < 10; pages++) {
    const response = await t.get(next);
    const { tasks, cursor } = await response.json();
    seen.push(...tasks.map((task: { task_id: string }) => task.task_id));
    const link = response.headers.get("link");
    assertEquals(link === null, cursor === null);
    next = link && link.slice(1, link.indexOf(">"));
    if (next) assertStringIncludes(next, "limit=2");
  }
  assertEquals(seen, ids);
});

Deno.test("GET /tasks filters by state, name and queue", async () => {
  await using t = await TestApp.start();
  await t.task("divide", [1, 1]);
  await t.run(1);
  await t.task("divide", [2, 1], { queue: "other" });
  await t.task("test_celery", ["word"]);
  const names = async (query: string) => {
    const { tasks } = await (await t.get(`/tasks?${query}`)).json();
    return tasks.map((task: { name: string; status: string }) => `${task.name} ${task.status}`);
  };
  assertEquals(await names("state=SUCCESS"), ["divide SUCCESS"]);
  assertEquals(await names("name=divide"), ["divide PENDING", "divide SUCCESS"]);
  assertEquals(await names("queue=test-queue"), ["test_celery PENDING"]);
  assertEquals(await names("queue=other&state=SUCCESS"), []);
  for (const query of ["state=DONE", "limit=0", "limit=501", "limit=many"]) {
    await problem(await t.get(`/tasks?${query}`), 422);
  }
  for (const cursor of ["nonsense", "-1", "1e9", "1:2", "1:2e3:id"]) {
    await problem(await t.get(`/tasks?cursor=${cursor}`), 400);
  }
});

Deno.test("revoke, retry and delete change a task where its state allows it", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 2]);
  const retry = () => t.post(`/tasks/${id}/retry`);
  const forget = async () => await t.app.request(`/tasks/${id}`, { method: "DELETE" });

  const early = await problem(await retry(), 409);
  assertEquals(early.task_status, "PENDING");
  await problem(await forget(), 409);

  const revoked = await t.post(`/tasks/${id}/revoke`);
  assertEquals([revoked.status, await revoked.json()], [200, { task_id: id, status: "REVOKED" }]);
  await problem(await t.post(`/tasks/${id}/revoke`), 409);

  const again = await retry();
  assertEquals([again.status, await again.json()], [202, { task_id: id, status: "PENDING" }]);
  const claimed = await t.claim();
  assertEquals(claimed.attempt, 2);
  assertEquals((await problem(await retry(), 409)).task_status, "STARTED");
  await t.settle(claimed, { state: "SUCCESS", result: "0.5" });

  const forgotten = await forget();
  assertEquals([forgotten.status, await forgotten.text()], [204, ""]);
  await problem(await t.get(`/tasks/${id}`), 404);
  await problem(await forget(), 404);
  await problem(await retry(), 404);
  await problem(await t.post(`/tasks/${id}/revoke`), 404);
});

Deno.test("GET /tasks/{id}/events lists what came after a number", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 2]);
  await t.run(0.5);
  const events = async (query: string) => {
    const body = await (await t.get(`/tasks/${id}/events${query}`)).json();
    return body.events.map((event: { seq: number; status: string }) =>
      `${event.seq} ${event.status}`
    );
  };
  assertEquals(await events(""), ["1 PENDING", "2 STARTED", "3 SUCCESS"]);
  assertEquals(await events("?after=2"), ["3 SUCCESS"]);
  assertEquals(await events("?after=9"), []);
  await problem(await t.get(`/tasks/${id}/events?after=-1`), 422);
  await problem(await t.get("/tasks/nobody/events"), 404);
  await problem(await t.get("/tasks/nobody/events", { accept: "text/event-stream" }), 404);
});

Deno.test("a failure's error is shown whole, and its stack only as part of the task", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 0]);
  const error = { type: "RangeError", message: "division by zero", stack: "at divide" };
  await t.settle(await t.claim(), { state: "FAILURE", error });
  const task = await (await t.get(`/tasks/${id}`)).json();
  assertEquals([task.status, task.error], ["FAILURE", error]);
  const { events } = await (await t.get(`/tasks/${id}/events`)).json();
  assertEquals(events.at(-1).error, { ...error, stack: null });
});

Deno.test("other sites' pages can change nothing", async () => {
  await using t = await TestApp.start();
  const refused = [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:1", "sec-fetch-site": "same-site" },
  ];
  for (const headers of refused) {
    await problem(await t.post("/tasks", undefined, headers), 403);
    await problem(await t.post("/queues/default/pause", undefined, headers), 403);
  }
  await problem(await t.get("/hello", { "sec-fetch-site": "cross-site" }), 403);
  await problem(await t.get("/hello", { "sec-fetch-site": "same-site" }), 403);
  assertEquals((await t.broker.stats()).enqueued, 0);
  for (const headers of [{ origin: "http://localhost" }, { "sec-fetch-site": "same-origin" }]) {
    assertEquals((await t.post("/tasks", undefined, headers)).status, 202);
  }
  assertEquals((await t.get("/tasks", { "sec-fetch-site": "cross-site" })).status, 200);
});

Deno.test("an unknown path is 404 and a wrong method 405, each as a problem", async () => {
  await using t = await TestApp.start();
  await problem(await t.get("/no/such/thing"), 404);
  const response = await t.app.request("/tasks", { method: "PUT" });
  const allow = response.headers.get("allow");
  assert(allow?.includes("GET") && allow.includes("POST"));
  await problem(response, 405);
  await problem(await t.get("/tasks/nobody/revoke"), 405);
  // What each object has is no method that a route answers to.
  for (const method of ["constructor", "toString", "__proto__", "ALL"]) {
    await problem(await t.app.request("/tasks", { method }), 405);
    await problem(await t.app.request("/no/such/thing", { method }), 404);
  }
});
