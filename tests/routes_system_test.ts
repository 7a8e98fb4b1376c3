import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { beat as workerBeat } from "./broker_kit.ts";
import { problem, TestApp } from "./routes_app.ts";

Deno.test("GET /task-types describes every task with the schema of its arguments", async () => {
  await using t = await TestApp.start();
  const { task_types } = await (await t.get("/task-types")).json();
  const divide = task_types.find((type: { name: string }) => type.name === "divide");
  assertEquals(divide.queue, "default");
  assertEquals(divide.schema.type, "array");
});

Deno.test("GET /queues counts, and a paused queue starts nothing until it is resumed", async () => {
  await using t = await TestApp.start();
  const queue = async (name: string) => {
    const { queues } = await (await t.get("/queues")).json();
    return queues.find((each: { name: string }) => each.name === name);
  };
  const unlimited = { rate_limit: null, concurrency_limit: null };
  const empty = { waiting: 0, scheduled: 0, active: 0, paused: false, ...unlimited };
  const unknown = { oldest_wait_ms: null, ended_per_minute: null };
  assertEquals(await queue("test-queue"), { name: "test-queue", ...empty, ...unknown });
  await t.task("divide", [1, 2]);
  await t.task("divide", [1, 2], { countdown: 60 });

  const paused = await t.post("/queues/default/pause");
  assertEquals([paused.status, await paused.json()], [200, { name: "default", paused: true }]);
  assertEquals(await t.broker.claim("w", ["default"], 1), []);
  const { oldest_wait_ms, ...counted } = await queue("default");
  assert(oldest_wait_ms >= 0 && oldest_wait_ms < 60_000, `${oldest_wait_ms}`);
  assertEquals(counted, {
    name: "default",
    waiting: 1,
    scheduled: 1,
    active: 0,
    paused: true,
    ...unlimited,
    ended_per_minute: null,
  });

  const resumed = await t.post("/queues/default/resume");
  assertEquals([resumed.status, await resumed.json()], [200, { name: "default", paused: false }]);
  await t.claim();
  assertEquals((await queue("default")).active, 1);

  for (const action of ["pause", "resume"]) {
    const { known } = await problem(await t.post(`/queues/defualt/${action}`), 404);
    assertEquals(known, ["default", "test-queue"]);
  }
});

Deno.test("GET /workers lists the live workers, GET /stats the totals", async () => {
  await using t = await TestApp.start();
  await beat(t);
  await t.task("divide", [1, 2]);
  await t.run(0.5);
  const { workers } = await (await t.get("/workers")).json();
  assertEquals(workers.map((worker: { name: string }) => worker.name), ["tester"]);
  const stats = await (await t.get("/stats")).json();
  assertEquals(stats.enqueued, 1);
  assertEquals(stats.outcomes, [{
    name: "divide",
    queue: "default",
    outcome: "SUCCESS",
    count: 1,
  }]);
});

Deno.test("GET /metrics counts tasks, durations, queues, workers and sockets", async () => {
  await using t = await TestApp.start();
  await beat(t);
  for (let i = 0; i < 3; i++) await t.task("divide", [1, 2]);
  await t.run(0.5);
  await t.settle(await t.claim(), {
    state: "FAILURE",
    error: { type: "Error", message: "no", stack: null },
  });
  await t.post("/queues/test-queue/pause");
  await t.patch("/queues/default", { rate_limit: "90/m", concurrency_limit: 7 });
  const response = await t.get("/metrics");
  assertStringIncludes(response.headers.get("content-type") ?? "", "text/plain; version=0.0.4");
  const lines = (await response.text()).split("\n");
  for (
    const line of [
      "taskapp_tasks_enqueued_total 3",
      'taskapp_tasks_total{name="divide",queue="default",outcome="SUCCESS"} 1',
      'taskapp_tasks_total{name="divide",queue="default",outcome="FAILURE"} 1',
      "# TYPE taskapp_task_runtime_seconds histogram",
      'taskapp_task_runtime_seconds_count{name="divide"} 2',
      'taskapp_task_runtime_seconds_bucket{name="divide",le="300"} 2',
      'taskapp_task_runtime_seconds_bucket{name="divide",le="+Inf"} 2',
      'taskapp_task_wait_seconds_count{name="divide"} 2',
      'taskapp_queue_depth{queue="default",state="waiting"} 1',
      'taskapp_queue_depth{queue="test-queue",state="active"} 0',
      'taskapp_queue_paused{queue="test-queue"} 1',
      'taskapp_queue_rate_limit{queue="default"} 1.5',
      'taskapp_queue_concurrency_limit{queue="default"} 7',
      "taskapp_tasks_dead 1",
      "taskapp_workers 1",
      "taskapp_worker_slots 4",
      "taskapp_worker_slots_busy 0",
      "taskapp_websocket_clients 0",
    ]
  ) assert(lines.includes(line), `no "${line}" in\n${lines.join("\n")}`);
  assert(!lines.some((line) => line.includes("tester")), "worker names are no labels");
  assertEquals(await (await t.get("/metrics")).text(), lines.join("\n"));
});

Deno.test("/healthz and /readyz say ok", async () => {
  await using t = await TestApp.start();
  assertEquals(await (await t.get("/healthz")).json(), { status: "ok" });
  assertEquals(await (await t.get("/readyz")).json(), { status: "ok", last_answer_seconds: null });
  const { status, last_answer_seconds } = await (await t.get("/readyz")).json();
  assertEquals(status, "ok");
  assert(last_answer_seconds >= 0 && last_answer_seconds < 60, `${last_answer_seconds}`);
});

Deno.test("every route is in the OpenAPI document", async () => {
  await using t = await TestApp.start();
  const document = await (await t.get("/openapi.json")).json();
  assertEquals([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
  const documented = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  );
  const elsewhere = /^GET \/(assets\/.*|docs.*|openapi\.json|ws.*|\{word\}.*)?$/;
  const routed = t.app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`)
    .filter((route) => !elsewhere.test(route));
  assert(routed.includes("POST /tasks") && routed.includes("GET /tasks/{id}"));
  assertEquals(documented.sort(), [...new Set(routed)].sort());
  assert(document.components.schemas.Call.properties.countdown);
});

Deno.test("/docs needs nothing but its own files", async () => {
  await using t = await TestApp.start();
  const response = await t.get("/docs");
  const html = await response.text();
  assertStringIncludes(response.headers.get("content-security-policy") ?? "", "script-src 'self';");
  const files = [...html.matchAll(/(?:src|href)="(docs[^"]+)"/g)].map((match) => match[1] ?? "");
  assertEquals(files.length, 3);
  for (const file of files) {
    const served = await t.get(`/${file}`);
    assertEquals(served.status, 200);
    assert((await served.text()).length > 0);
  }
  assert(!/https?:/.test(html));
});

Deno.test("requests that are addressed to another name are refused, the page included", async () => {
  await using t = await TestApp.start({ allowedHosts: ["localhost", "[::1]"] });
  for (const path of ["/", "/queues", "/ws", "/metrics"]) {
    const { detail } = await problem(await t.get(path, { host: "evil.example:8000" }), 403);
    assertStringIncludes(detail, "evil.example");
  }
  for (const host of ["localhost", "localhost:8000", "[::1]:8000"]) {
    assertEquals((await t.get("/queues", { host })).status, 200);
  }
  for (const path of ["/healthz", "/readyz"]) {
    assertEquals((await t.get(path, { host: "10.0.0.7:8000" })).status, 200, "of a probe");
  }
});

Deno.test("the page keeps its own headers, API answers have theirs", async () => {
  await using t = await TestApp.start();
  const page = await t.get("/");
  assertEquals([page.status, page.headers.get("cache-control")], [200, "no-cache"]);
  await page.body?.cancel();
  const api = await t.get("/queues");
  assertEquals(api.headers.get("x-content-type-options"), "nosniff");
  assertEquals(api.headers.get("cache-control"), "no-store");
  await api.body?.cancel();
});

Deno.test("the tutorials' routes work as the tutorials say", async () => {
  await using t = await TestApp.start();
  const word = await t.get("/hello");
  const { task_id, status } = await word.json();
  assertEquals([word.status, status], [202, "PENDING"]);
  const process = async () => await (await t.get(`/process/${task_id}`)).json();
  assertEquals(await process(), { task_id, status: "PENDING", result: null, error: null });
  await t.run("test task returned hello", "test-queue");
  assertEquals((await process()).result, "test task returned hello");
  await problem(await t.get("/process/nobody"), 404);

  for (const [body, args] of [[undefined, [5]], [{ stage_seconds: 0.1 }, [0.1]]]) {
    const started = await (await t.post("/start-task", body)).json();
    const task = await (await t.get(`/tasks/${started.task_id}`)).json();
    assertEquals([task.name, task.args], ["long_running_task", args]);
  }
  await problem(await t.post("/start-task", { stage_seconds: "long" }), 422);
  await problem(await t.post("/start-task", { seconds: 1 }), 422);
});

Deno.test("GET /{word} takes letters only, yields to every route, and can be left out", async () => {
  await using t = await TestApp.start();
  await problem(await t.get("/favicon.ico"), 404);
  await problem(await t.get("/word2"), 404);
  assertEquals((await t.get("/metrics")).status, 200);
  assertEquals((await t.get("/docs")).status, 200);
  assertEquals((await t.broker.stats()).enqueued, 0);

  await using without = await TestApp.start({ tutorialRoutes: false });
  await problem(await without.get("/hello"), 404);
  assertEquals((await without.broker.stats()).enqueued, 0);
});

async function beat(t: TestApp): Promise<void> {
  await t.broker.heartbeat({ ...workerBeat("tester"), concurrency: 4 });
}
