import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { QueueInfo, Task } from "../jobs/wire.ts";
import { problem, TestApp } from "./routes_app.ts";
import { STORES } from "./stores.ts";

const divide = { name: "divide", args: [1, 2] };

/** Registers a test for each store. */
function onEachStore(name: string, test: (t: TestApp) => Promise<void>): void {
  for (const [kind, start] of Object.entries(STORES)) {
    Deno.test(`${kind}: ${name}`, async () => {
      await using t = TestApp.on(await start());
      await test(t);
    });
  }
}

async function body(response: Response, status = 200) {
  const text = await response.text();
  assertEquals(response.status, status, text);
  return JSON.parse(text);
}

const task = async (t: TestApp, id: string): Promise<Task> =>
  await body(await t.get(`/tasks/${id}`));

async function queue(t: TestApp, name = "default"): Promise<QueueInfo> {
  const { queues } = await body(await t.get("/queues"));
  return queues.find((each: QueueInfo) => each.name === name);
}

onEachStore(
  "a second start of a unique task answers the first one's task, and says so",
  async (t) => {
    const unique = { ...divide, unique: "end" };
    const response = await t.post("/tasks", unique);
    const first = await body(response, 202);
    assertEquals([first.status, first.created], ["PENDING", true]);
    const again = await t.post("/tasks", unique);
    assertEquals(again.headers.get("location"), `/tasks/${first.task_id}`);
    assertEquals(await body(again, 202), { ...first, created: false });

    const other = await body(await t.post("/tasks", { ...unique, args: [1, 3] }), 202);
    assert(other.created && other.task_id !== first.task_id);
    const batch = await body(
      await t.post("/tasks/batch", { tasks: [unique, divide, unique] }),
      202,
    );
    assertEquals(batch.tasks.map((each: { created: boolean }) => each.created), [
      false,
      true,
      false,
    ]);
    assertEquals(batch.tasks[2].task_id, first.task_id);

    await t.run(0.5);
    assert((await body(await t.post("/tasks", unique), 202)).created, "it has ended");
    const { unique_key } = await task(t, first.task_id);
    assertStringIncludes(unique_key ?? "", "divide:");
  },
);

onEachStore(
  "unique_key counts instead of the arguments, until the start or for a time",
  async (t) => {
    const start = { ...divide, unique: "start", unique_key: "k" };
    const first = await body(await t.post("/tasks", start), 202);
    const second = await body(await t.post("/tasks", { ...start, args: [5, 6] }), 202);
    assertEquals([second.task_id, second.created], [first.task_id, false]);
    await t.claim();
    assert((await body(await t.post("/tasks", start), 202)).created, "the first has started");

    const timed = { ...divide, unique: 60, unique_key: "timed" };
    assert((await body(await t.post("/tasks", timed), 202)).created);
    await t.run(0.5);
    await t.run(0.5);
    assert(!(await body(await t.post("/tasks", timed), 202)).created, "the minute is not over");
  },
);

onEachStore("tasks with a concurrency_key take turns", async (t) => {
  const keyed = { concurrency_key: "customer 7" };
  const first = await t.task("divide", [1, 1], keyed);
  const second = await t.task("divide", [2, 1], keyed);
  const free = await t.task("divide", [3, 1]);
  const claimed = await t.broker.claim("w", ["default"], 3);
  assertEquals(new Set(claimed.map(({ id }) => id)), new Set([first, free]));
  const { concurrency_key, concurrency_limit } = await task(t, second);
  assertEquals([concurrency_key, concurrency_limit], ["customer 7", 1]);

  const two = { concurrency_key: "customer 8", concurrency_limit: 2 };
  for (let i = 0; i < 3; i++) await t.task("divide", [i, 1], two);
  assertEquals((await t.broker.claim("w", ["default"], 5)).length, 2);
});

onEachStore("flow control that makes no sense is refused, and nothing is stored", async (t) => {
  const cases: [more: Record<string, unknown>, path: string][] = [
    [{ unique: "always" }, "unique"],
    [{ unique: 0 }, "unique"],
    [{ unique: -5 }, "unique"],
    [{ unique: "60" }, "unique"],
    [{ unique: 1e9 }, "unique"],
    [{ unique: true }, "unique"],
    [{ unique_key: "k" }, "unique_key"],
    [{ unique: "end", unique_key: "" }, "unique_key"],
    [{ unique: "end", unique_key: "k".repeat(256) }, "unique_key"],
    [{ unique: "end", unique_key: "a\0b" }, "unique_key"],
    [{ unique: "end", unique_key: 7 }, "unique_key"],
    [{ concurrency_key: "" }, "concurrency_key"],
    [{ concurrency_key: "k".repeat(256) }, "concurrency_key"],
    [{ concurrency_key: "a\0b" }, "concurrency_key"],
    [{ concurrency_limit: 2 }, "concurrency_limit"],
    [{ concurrency_key: "k", concurrency_limit: 0 }, "concurrency_limit"],
    [{ concurrency_key: "k", concurrency_limit: 1.5 }, "concurrency_limit"],
    [{ rate_limit: "10/m" }, "rate_limit"],
    [{ on_lost: "fail" }, "on_lost"],
    [{ time_limit: 10, soft_time_limit: 11 }, "soft_time_limit"],
  ];
  for (const [more, path] of cases) {
    const one = await problem(await t.post("/tasks", { ...divide, ...more }), 422);
    assertEquals(one.errors[0].path, path, JSON.stringify(more));
    const tasks = [divide, { ...divide, ...more }];
    const many = await problem(await t.post("/tasks/batch", { tasks }), 422);
    assertEquals(many.errors[0].path, `tasks.1.${path}`);
  }
  assertEquals((await t.broker.stats()).enqueued, 0);
});

onEachStore("PATCH /queues/{name} limits a queue, and null lifts the limit", async (t) => {
  const limit = async (limits: unknown) => {
    const { rate_limit, concurrency_limit } = await body(await t.patch("/queues/default", limits));
    const now = await queue(t);
    assertEquals([now.rate_limit, now.concurrency_limit], [rate_limit, concurrency_limit]);
    return [rate_limit, concurrency_limit];
  };
  assertEquals(await limit({ concurrency_limit: 1 }), [null, 1]);
  for (let i = 0; i < 4; i++) await t.task("divide", [i, 1]);
  await t.claim();
  assertEquals(await t.broker.claim("w", ["default"], 5), []);
  assertEquals(await limit({ rate_limit: "1/h" }), ["1/h", 1]);
  assertEquals(await limit({ concurrency_limit: null }), ["1/h", null]);
  await t.claim();
  assertEquals(await t.broker.claim("w", ["default"], 5), [], "one an hour");
  assertEquals(await limit({ rate_limit: null }), [null, null]);
  assertEquals((await t.broker.claim("w", ["default"], 5)).length, 2);

  await problem(await t.patch("/queues/defualt", { rate_limit: "1/s" }), 404);
  const rates = ["0/m", "-1/m", "10", "10/w", "many/s", "1e9/s", "", 10];
  for (const rate_limit of rates) {
    const { errors } = await problem(await t.patch("/queues/default", { rate_limit }), 422);
    assertEquals(errors[0].path, "rate_limit");
    assertStringIncludes(errors[0].message, "such as 10/s");
  }
  for (const wrong of [{ concurrency_limit: 0 }, { concurrency_limit: "3" }, {}, { rate: 1 }]) {
    await problem(await t.patch("/queues/default", wrong), 422);
  }
  await problem(await t.patch("/queues/default"), 422);
  assertEquals(await limit({ concurrency_limit: null }), [null, null]);
});

onEachStore("POST /queues/{name}/purge revokes what waits, and nothing else", async (t) => {
  const running = await t.task("divide", [0, 1]);
  await t.claim();
  const waiting = [
    await t.task("divide", [1, 1]),
    await t.task("divide", [2, 1], { countdown: 60 }),
    await t.task("divide", [3, 1], { concurrency_key: "k", priority: "low" }),
  ];
  const elsewhere = await t.task("divide", [4, 1], { queue: "other" });
  await t.post("/queues/default/pause");
  const purged = await body(await t.post("/queues/default/purge"));
  assertEquals(purged, { name: "default", purged: 3 });
  for (const id of waiting) {
    const { status, error } = await task(t, id);
    assertEquals([status, error?.message], ["REVOKED", "purged"]);
  }
  assertEquals((await task(t, running)).status, "STARTED");
  assertEquals((await task(t, elsewhere)).status, "PENDING");
  assertEquals((await body(await t.post("/queues/default/purge"))).purged, 0);
  await problem(await t.post("/queues/defualt/purge"), 404);
});

onEachStore("PATCH /task-types/{name} sets time limits, and tells what was defined", async (t) => {
  const patch = async (limits: unknown) => await body(await t.patch("/task-types/divide", limits));
  const unset = { rate_limit: null, time_limit: null, soft_time_limit: null };
  const before = await body(await t.get("/task-types/divide"));
  assertEquals([before.priority, before.max_retries], ["normal", 3]);
  assertEquals([before.time_limit, before.defined, before.set], [null, unset, unset]);
  const both = await patch({ time_limit: 60, soft_time_limit: 50.5 });
  assertEquals(both.set, { rate_limit: null, time_limit: 60, soft_time_limit: 50.5 });
  assertEquals([both.time_limit, both.soft_time_limit, both.defined], [60, 50.5, unset]);
  await t.task("divide", [1, 2]);
  const { timeLimit, softTimeLimit } = await t.claim();
  assertEquals([timeLimit, softTimeLimit], [60, 50.5]);
  assertEquals((await patch({ soft_time_limit: null })).set, { ...unset, time_limit: 60 });

  const late = await problem(await t.patch("/task-types/divide", { soft_time_limit: 60 }), 422);
  assertStringIncludes(late.errors[0].message, "must be below time_limit, which is 60 s");
  for (const wrong of [{}, { time_limit: -1 }, { time_limit: "9" }, { retries: 1 }]) {
    await problem(await t.patch("/task-types/divide", wrong), 422);
  }
  await problem(await t.patch("/task-types/dvide", { time_limit: 1 }), 404);
});

onEachStore(
  "PATCH /task-types/{name} limits a task's rate, and null lifts the limit",
  async (t) => {
    const rate = async () => (await body(await t.get("/task-types/divide"))).rate_limit;
    assertEquals(await rate(), null);
    const limited = await body(await t.patch("/task-types/divide", { rate_limit: "1/h" }));
    assertEquals([limited.name, limited.rate_limit, limited.schema.type], [
      "divide",
      "1/h",
      "array",
    ]);
    assertEquals(await rate(), "1/h");
    const { task_types } = await body(await t.get("/task-types"));
    const rates = task_types.map((type: { rate_limit: string | null }) => type.rate_limit);
    assertEquals(rates.filter((each: string | null) => each !== null), ["1/h"]);

    await t.task("divide", [1, 1]);
    await t.task("divide", [2, 1], { queue: "other" });
    assertEquals((await t.broker.claim("w", ["default", "other"], 5)).length, 1, "both queues");
    await body(await t.patch("/task-types/divide", { rate_limit: null }));
    assertEquals(await rate(), null);
    assertEquals((await t.broker.claim("w", ["default", "other"], 5)).length, 1);

    await problem(await t.get("/task-types/dvide"), 404);
    await problem(await t.patch("/task-types/dvide", { rate_limit: "1/h" }), 404);
    for (const wrong of [{ rate_limit: "0/h" }, {}, { rate_limit: 5 }, { rate: "1/h" }]) {
      await problem(await t.patch("/task-types/divide", wrong), 422);
    }
  },
);

onEachStore("a task is retried with other arguments if they fit it", async (t) => {
  const id = await t.task("divide", [1, 0]);
  await t.fail("division by zero");
  assertEquals((await task(t, id)).dead, true);
  const wrong = await problem(await t.post(`/tasks/${id}/retry`, { args: [1, "two"] }), 422);
  assertEquals(wrong.errors[0].path, "args.1");
  await problem(await t.post(`/tasks/${id}/retry`, { arg: [1, 2] }), 422);
  await problem(await t.post("/tasks/nobody/retry", { args: [1, 2] }), 404);
  assertEquals((await task(t, id)).status, "FAILURE");

  await body(await t.post(`/tasks/${id}/retry`, { args: [1, 2] }), 202);
  assertEquals((await task(t, id)).dead, false);
  assertEquals((await t.claim()).args, "[1,2]");
  await problem(await t.post(`/tasks/${id}/retry`, { args: [1, 3] }), 409);
});

/** Three tasks that have failed, the newest last, and one that has not. */
async function someDead(t: TestApp): Promise<string[]> {
  const ids: string[] = [];
  for (const message of ["host is away", "division by zero", "host is away"]) {
    ids.push(await t.task("divide", [ids.length, 1]));
    await t.fail(message);
  }
  await t.task("divide", [9, 1]);
  await t.run(9);
  return ids;
}

Deno.test("other sites' pages can neither limit, purge, replay nor forget", async () => {
  await using t = await TestApp.start();
  const headers = { "sec-fetch-site": "cross-site" };
  for (const path of ["/queues/default/purge", "/dead/replay", "/dead/forget"]) {
    await problem(await t.post(path, { limit: 1 }, headers), 403);
  }
  for (const path of ["/queues/default", "/task-types/divide"]) {
    await problem(await t.app.request(path, { method: "PATCH", headers }), 403);
  }
});

onEachStore("GET /dead lists what has failed for good, also by its error", async (t) => {
  const [first, second, third] = await someDead(t);
  const list = async (path: string) =>
    (await body(await t.get(path))).tasks.map((each: Task) => each.task_id);
  assertEquals(await list("/dead"), [third, second, first]);
  assertEquals(await list("/dead?error=away"), [third, first]);
  assertEquals(await list("/dead?error=TypeError&name=divide&queue=default"), [
    third,
    second,
    first,
  ]);
  assertEquals(await list("/dead?error=typeerror&text=away"), [third, first]);
  assertEquals(await list("/tasks?state=FAILURE&error=zero"), [second]);
  const page = await t.get("/dead?limit=2");
  assertStringIncludes(page.headers.get("link") ?? "", "/dead?limit=2&cursor=");
  await page.body?.cancel();
  await problem(await t.get("/dead?cursor=nonsense"), 400);
});

onEachStore("POST /dead/replay runs again those that fit, the oldest first", async (t) => {
  const [first, second, third] = await someDead(t);
  const replay = async (selection: unknown) => await body(await t.post("/dead/replay", selection));
  assertEquals(await replay({ error: "nothing like it" }), { replayed: 0, more: false });
  assertEquals(await replay({ error: "away", limit: 1 }), { replayed: 1, more: true });
  assertEquals((await t.claim()).id, third);
  assertEquals(await replay({ limit: 10 }), { replayed: 2, more: false });
  assertEquals([(await t.claim()).id, (await t.claim()).id], [first, second]);
  assertEquals(await replay({ ids: [first, "nobody", first] }), { replayed: 0, more: false });
});

onEachStore("the dead are replayed or forgotten by their ids", async (t) => {
  const [first, second, third] = await someDead(t);
  const replayed = await body(await t.post("/dead/replay", { ids: [first, third, first] }));
  assertEquals(replayed, { replayed: 2, more: false });
  const forgotten = await body(await t.post("/dead/forget", { ids: [first, second] }));
  assertEquals(forgotten, { forgotten: 1, more: false }, "the first is not dead any more");
  await problem(await t.get(`/tasks/${second}`), 404);
  assertEquals((await task(t, first ?? "")).status, "PENDING");
});

onEachStore(
  "POST /dead/forget deletes those that fit, and nothing that has not failed",
  async (t) => {
    await someDead(t);
    for (const path of ["/dead/forget", "/dead/replay"]) {
      const wrong = [
        undefined,
        {},
        { ids: [] },
        { ids: ["a"], name: "divide" },
        { limit: 0 },
        { limit: 10_001 },
        { error: "" },
        { error: "e".repeat(1001) },
        { state: "SUCCESS" },
      ];
      for (const selection of wrong) await problem(await t.post(path, selection), 422);
    }
    const forgotten = await body(await t.post("/dead/forget", { name: "divide", error: "away" }));
    assertEquals(forgotten, { forgotten: 2, more: false });
    const { tasks } = await body(await t.get("/tasks"));
    assertEquals(tasks.map((each: Task) => each.status).sort(), ["FAILURE", "SUCCESS"]);
  },
);
