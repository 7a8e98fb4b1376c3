/** Looking for tasks over HTTP, and changing many at once. */

import { assert, assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { RULES } from "../routes/access_rules.ts";
import type { BulkStep, DeadGroups, SummaryPage, Task, TaskDetail } from "../jobs/wire.ts";
import { beat } from "./broker_kit.ts";
import { problem, TestApp, WORKER } from "./routes_app.ts";
import { STORES } from "./stores.ts";

function onEachStore(name: string, test: (t: TestApp) => Promise<void>): void {
  for (const [kind, start] of Object.entries(STORES)) {
    Deno.test(`${kind}: ${name}`, async () => {
      await using t = TestApp.on(await start());
      await test(t);
    });
  }
}

async function body<T>(response: Response): Promise<T> {
  assertEquals(response.status, 200, await response.clone().text());
  return await response.json();
}

async function found(t: TestApp, query: string): Promise<string[]> {
  const { tasks } = await body<{ tasks: Task[] }>(await t.get(`/tasks?${query}`));
  return tasks.map((task) => task.task_id);
}

onEachStore("GET /tasks combines its filters, and answers summaries", async (t) => {
  const first = await t.task("test_celery", ["a word"]);
  await t.run("done", "test-queue");
  const second = await t.task("divide", [1, 0]);
  await t.fail("Division by zero");
  await sleep(5);
  const third = await t.task("divide", ["1", 2].map(Number), { queue: "other" });
  const created = (await body<Task>(await t.get(`/tasks/${third}`))).created_at;
  assertEquals(await found(t, "state=SUCCESS,FAILURE"), [second, first]);
  assertEquals(await found(t, "state=PENDING,%20FAILURE&name=divide&worker=tester"), [second]);
  assertEquals(await found(t, `since=${created}`), [third]);
  assertEquals(await found(t, `since=${created.replace("Z", "%2B00:00")}&until=${created}`), [
    third,
  ]);
  assertEquals(await found(t, "args=WORD&result=done"), [first]);
  assertEquals(await found(t, "dead=true&error=zero"), [second]);
  assertEquals(await found(t, `text=${third.slice(0, 8)}`), [third]);
  assertEquals(await found(t, `id=${first.slice(0, 9)}&queue=test-queue`), [first]);

  const page = await body<SummaryPage>(await t.get("/tasks?view=summary&limit=2"));
  const [newest, dead] = page.tasks;
  assertExists(newest);
  assertExists(dead);
  assert(page.cursor && page.looked >= 2);
  assertEquals([newest.args_preview, newest.result_preview, newest.error], ["[1,2]", null, null]);
  assertEquals(dead.error, { type: "TypeError", message: "Division by zero" });
  for (const field of ["args", "result", "meta"]) assert(!(field in dead), field);
});

onEachStore("GET /tasks finds what a schedule has started", async (t) => {
  const schedule = { name: "often", task: "divide", args: [1, 2], every: 3600 };
  assertEquals((await t.post("/schedules", schedule)).status, 201);
  await t.task("divide", [1, 2]);
  const started: string[] = [];
  for (let i = 0; i < 3; i++) {
    const response = await t.post("/schedules/often/run");
    started.unshift((await response.json()).task_id);
  }
  await t.task("divide", [1, 2]);
  assertEquals(await found(t, "schedule=often"), started);
  assertEquals(await found(t, "schedule=often&state=PENDING,SUCCESS&limit=2"), started.slice(0, 2));
  assertEquals(await found(t, "schedule=often&state=SUCCESS"), []);
  assertEquals(await found(t, "schedule=ofte"), []);
});

Deno.test("a filter that makes no sense is refused with what would", async () => {
  await using t = await TestApp.start();
  const wrong: [query: string, path: string, says: string][] = [
    ["state=DONE", "state", "SUCCESS"],
    ["state=SUCCESS,", "state", "SUCCESS"],
    ["name=", "name", "empty"],
    [`text=${"x".repeat(1001)}`, "text", "1000"],
    ["since=yesterday", "since", "2030-01-31"],
    ["since=2030-01-31", "since", "2030-01-31T"],
    ["dead=false", "dead", "true"],
    ["view=brief", "view", "summary"],
    ["stat=SUCCESS", "stat", "state, name"],
    ["state=SUCCESS&state=FAILURE&Limit=5", "Limit", "limit"],
  ];
  for (const [query, path, says] of wrong) {
    const { errors: [error], detail } = await problem(await t.get(`/tasks?${query}`), 422);
    assertEquals(error.path, path, query);
    assertStringIncludes(detail, says);
  }
});

Deno.test("a GET request with a parameter that does not exist is refused", async () => {
  await using t = await TestApp.start();
  const id = await t.task("divide", [1, 2]);
  const paths = ["/tasks", "/dead", "/dead/groups", "/schedules", "/queues", "/workers", "/stats"];
  for (const path of [...paths, "/task-types", "/task-types/divide", `/tasks/${id}/events`]) {
    assert(`GET ${path}` in RULES || path.includes("divide") || path.includes(id));
    const refused = await problem(await t.get(`${path}?limt=5`), 422);
    assertStringIncludes(refused.detail, "limt: no such parameter");
    await body(await t.get(path));
  }
  await body(await t.get("/healthz?from=prober"));
  await body(await t.get(`/tasks/${id}/events?after=0`));
});

onEachStore("POST /tasks/bulk goes on step by step until there is no cursor", async (t) => {
  const items = Array.from({ length: 2200 }, (_, i) => ({ name: "divide", args: [i, 1] }));
  assertEquals((await t.post("/tasks/batch", { tasks: items })).status, 202);
  const spared = await t.task("divide", [1, 1], { queue: "other" });
  const run = async (request: Record<string, unknown>) => {
    const total = { matched: 0, done: 0, skipped: 0, steps: 0 };
    let cursor: string | null = null;
    do {
      const more: Record<string, unknown> = cursor ? { cursor } : {};
      const step: BulkStep = await body(await t.post("/tasks/bulk", { ...request, ...more }));
      total.matched += step.matched;
      total.done += step.done;
      total.skipped += step.skipped;
      total.steps++;
      cursor = step.cursor;
      await t.task("divide", [1, 1]); // after the first step
    } while (cursor !== null);
    return total;
  };
  const filter = { queue: "default", args: ",1]" };
  const preview = await run({ action: "cancel", filter, dry_run: true });
  assertEquals([preview.matched, preview.done, preview.skipped], [2200, 2200, 0]);
  const late = preview.steps;
  const cancelled = await run({ action: "cancel", filter });
  assertEquals([cancelled.done, cancelled.skipped], [2200 + late, 0]);
  assert(cancelled.steps > 1, "it was one step");
  assertEquals((await body<Task>(await t.get(`/tasks/${spared}`))).status, "PENDING");
  const left = await found(t, "state=PENDING&queue=default&limit=500");
  assertEquals(left.length, cancelled.steps);

  const ids = left.slice(0, 2);
  const dry = await body(await t.post("/tasks/bulk", { action: "cancel", ids, dry_run: true }));
  assertEquals(dry, { matched: 2, done: 2, skipped: 0, looked: 2, cursor: null });
  const deleted = await body(await t.post("/tasks/bulk", { action: "delete", ids }));
  assertEquals(deleted, { matched: 2, done: 0, skipped: 2, looked: 2, cursor: null });
  await run({ action: "delete", filter: { state: "REVOKED" } });
  assertEquals(await found(t, "state=REVOKED"), []);
});

Deno.test("a bulk request that does not say what to do with which is refused", async () => {
  await using t = await TestApp.start();
  const filter = { name: "divide" };
  const wrong = [
    undefined,
    {},
    { action: "cancel" },
    { action: "pause", filter },
    { action: "cancel", filter: {} },
    { action: "cancel", filter: { nam: "divide" } },
    { action: "cancel", filter: { state: "DONE" } },
    { action: "cancel", filter: { name: 5 } },
    { action: "cancel", filter, ids: ["a"] },
    { action: "cancel", ids: [] },
    { action: "cancel", ids: ["a"], cursor: "x" },
    { action: "cancel", ids: Array.from({ length: 1001 }, String) },
    { action: "cancel", filter, dryrun: true },
  ];
  for (const request of wrong) await problem(await t.post("/tasks/bulk", request), 422);
  const { cursor } = await body<SummaryPage>(await t.get("/tasks?limit=1"));
  assertEquals(cursor, null);
  for (const cursor of ["nonsense", ""]) {
    await problem(await t.post("/tasks/bulk", { action: "cancel", filter, cursor }), 400);
  }
  const headers = { "sec-fetch-site": "cross-site" };
  await problem(await t.post("/tasks/bulk", { action: "cancel", filter }, headers), 403);
});

onEachStore("GET /dead/groups puts the same errors of a name together", async (t) => {
  const ids: string[] = [];
  for (const i of [17, 42, 1.5]) {
    ids.push(await t.task("divide", [1, 0]));
    const uuid = crypto.randomUUID();
    await t.fail(`no room for ${i} of ${uuid} at 0x7ffe${i === 42 ? "aa" : "bb"}, dead beef`);
  }
  const other = await t.task("divide", [1, 0]);
  await t.fail("something else");
  const { count, groups }: DeadGroups = await body(await t.get("/dead/groups"));
  assertEquals(count, 4);
  assertEquals(groups.map(({ last_at: _, ...group }) => group), [
    {
      name: "divide",
      error_type: "TypeError",
      message: "no room for # of # at #, dead beef",
      count: 3,
      example: ids[2] ?? "",
    },
    {
      name: "divide",
      error_type: "TypeError",
      message: "something else",
      count: 1,
      example: other,
    },
  ]);
  const forgotten = await t.post("/dead/forget", { text: "no room", since: groups[0]?.last_at });
  const answer = await body<{ forgotten: number }>(forgotten);
  assert(answer.forgotten >= 0 && answer.forgotten <= 3);
  const rest = await body(await t.post("/dead/forget", { error: "NO ROOM" }));
  assertEquals(rest, { forgotten: 3 - answer.forgotten, more: false });
  assertEquals((await body<DeadGroups>(await t.get("/dead/groups"))).count, 1);
});

onEachStore("GET /tasks/{id} says what a task waits for", async (t) => {
  const id = await t.task("divide", [1, 2]);
  const next = await t.task("divide", [1, 2]);
  const later = await t.task("divide", [1, 2], { countdown: 60 });
  const waits = async (of: string, changed = true): Promise<unknown[] | null> => {
    if (changed) await sleep(1050); // for so long the reasons may be those of before
    const { waiting_for } = await body<TaskDetail>(await t.get(`/tasks/${of}`));
    return waiting_for && [waiting_for.position, waiting_for.reason];
  };
  assertEquals(await waits(id, false), [0, "no worker"]);
  assertEquals(await waits(next, false), [1, "no worker"]);
  assertEquals(await waits(later, false), [null, "time"]);
  await t.post("/queues/default/pause");
  assertEquals(await waits(next), [1, "paused"]);
  await t.post("/queues/default/resume");
  const worker = { ...beat(WORKER), concurrency: 1, min_concurrency: 1, max_concurrency: 1 };
  await t.broker.heartbeat(worker);
  await t.claim();
  assertEquals(await waits(next), [0, "workers busy"]);
  assertEquals(await waits(id, false), null);
  await t.patch("/queues/default", { concurrency_limit: 1 });
  assertEquals(await waits(next), [0, "concurrency"]);
  await t.patch("/queues/default", { concurrency_limit: null, rate_limit: "1/h" });
  await t.broker.heartbeat({ ...worker, concurrency: 2, max_concurrency: 2 });
  assertEquals(await waits(next), [0, "rate"]);
});
