import { assert, assertEquals } from "@std/assert";
import type { Schedule, ScheduleRun } from "../jobs/wire.ts";
import { problem, TestApp } from "./routes_app.ts";

/** An answer of JSON with this status. */
async function answer<T = Schedule>(response: Promise<Response>, status = 200): Promise<T> {
  const text = await (await response).text();
  assertEquals((await response).status, status, text);
  return JSON.parse(text);
}

function send(t: TestApp, method: string, path: string, body?: unknown): Promise<Response> {
  const json = body === undefined
    ? {}
    : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return Promise.resolve(t.app.request(path, { method, ...json }));
}

const daily = { task: "divide", args: [1, 2], cron: "30 2 * * *", timezone: "europe/berlin" };

Deno.test("a schedule is made, shown, changed, and deleted", async () => {
  await using t = await TestApp.start();
  const made = await t.post("/schedules", { name: "nightly", ...daily, queue: "other" });
  assertEquals(made.headers.get("location"), "/schedules/nightly");
  const schedule = await answer(Promise.resolve(made), 201);
  const { next_due_at, created_at, updated_at, ...rest } = schedule;
  assert(next_due_at !== null && Date.parse(next_due_at) > Date.now());
  assertEquals(created_at, updated_at);
  assertEquals(rest, {
    name: "nightly",
    task: "divide",
    args: [1, 2],
    cron: "30 2 * * *",
    timezone: "Europe/Berlin",
    every: null,
    start: null,
    end: null,
    misfire: "last",
    queue: "other",
    priority: null,
    expires: null,
    max_retries: null,
    time_limit: null,
    soft_time_limit: null,
    unique: null,
    unique_key: null,
    concurrency_key: null,
    concurrency_limit: null,
    paused: false,
    in_code: false,
    last_due_at: null,
    last_task_id: null,
  });
  const detail = await answer<Schedule & { next_times: string[] }>(t.get("/schedules/nightly"));
  assertEquals([detail.next_times.length, detail.next_times[0]], [5, next_due_at]);
  assertEquals(detail.next_times.toSorted(), detail.next_times);
  await problem(await t.post("/schedules", { name: "nightly", ...daily }), 409);

  const patched = await answer(send(t, "PATCH", "/schedules/nightly", {
    args: [3, 4],
    queue: null,
    priority: "high",
  }));
  assertEquals([patched.args, patched.queue, patched.priority], [[3, 4], null, "high"]);
  assertEquals([patched.next_due_at, patched.created_at], [next_due_at, created_at]);
  for (const change of [{ every: 60 }, { cron: "0 0 * * *", timezone: "Asia/Tokyo" }]) {
    await answer(send(t, "PATCH", "/schedules/nightly", change));
  }
  const hourly = await answer(send(t, "PATCH", "/schedules/nightly", { every: 3600, cron: null }));
  assertEquals([hourly.cron, hourly.timezone, hourly.every], [null, "UTC", 3600]);
  const back = await answer(send(t, "PATCH", "/schedules/nightly", { cron: "0 4 * * *" }));
  assertEquals([back.cron, back.every, back.priority], ["0 4 * * *", null, "high"]);

  const put = await answer(send(t, "PUT", "/schedules/nightly", { ...daily, misfire: "all" }));
  assertEquals([put.priority, put.misfire, put.created_at], [null, "all", created_at]);
  await answer(send(t, "PUT", "/schedules/another", daily), 201);
  assertEquals((await send(t, "DELETE", "/schedules/another")).status, 204);
  for (const method of ["GET", "DELETE"]) {
    await problem(await send(t, method, "/schedules/another"), 404);
  }
});

Deno.test("schedules are listed by name, page by page", async () => {
  await using t = await TestApp.start();
  for (const name of ["c", "a", "b", "e", "d"]) {
    await answer(t.post("/schedules", { name, ...daily }), 201);
  }
  interface Page {
    schedules: Schedule[];
    cursor: string | null;
  }
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: Page = await answer(t.get(`/schedules?limit=2&cursor=${cursor}`));
    seen.push(...page.schedules.map(({ name }) => name));
    cursor = page.cursor;
  }
  assertEquals(seen, ["a", "b", "c", "d", "e"]);
  await problem(await t.get("/schedules?cursor=%20"), 400);
  await problem(await t.get("/schedules?limit=0"), 422);
});

Deno.test("a paused schedule is not due, and can be run by hand", async () => {
  await using t = await TestApp.start();
  await answer(t.post("/schedules", { name: "s", ...daily }), 201);
  const paused = await answer(t.post("/schedules/s/pause"));
  assertEquals([paused.paused, paused.next_due_at], [true, null]);
  const detail = await answer<{ next_times: string[] }>(t.get("/schedules/s"));
  assertEquals(detail.next_times, []);
  assertEquals((await answer(send(t, "PATCH", "/schedules/s", { args: [5, 6] }))).paused, true);
  assertEquals((await answer(send(t, "PUT", "/schedules/s", daily))).paused, true);

  const response = await t.post("/schedules/s/run");
  const { task_id } = await answer<{ task_id: string }>(Promise.resolve(response), 202);
  assertEquals(response.headers.get("location"), `/tasks/${task_id}`);
  const task = await answer<{ schedule: string; args: number[] }>(t.get(`/tasks/${task_id}`));
  assertEquals([task.schedule, task.args], ["s", [1, 2]]);
  const { runs } = await answer<{ runs: ScheduleRun[] }>(t.get("/schedules/s/runs"));
  assertEquals(runs.map(({ at: _, ...run }) => run), [
    { due_at: null, until: null, task_id, skipped: null },
  ]);
  const resumed = await answer(t.post("/schedules/s/resume"));
  assert(!resumed.paused && resumed.next_due_at !== null && resumed.last_due_at === null);
  for (const what of ["pause", "resume", "run"]) {
    await problem(await t.post(`/schedules/nobody/${what}`), 404);
  }
  await problem(await t.get("/schedules/nobody/runs"), 404);
});

Deno.test("a schedule may keep its next task out while the last one runs", async () => {
  await using t = await TestApp.start();
  await answer(t.post("/schedules", { name: "s", ...daily, unique: "end", unique_key: "k" }), 201);
  const run = async () => await answer<Record<string, unknown>>(t.post("/schedules/s/run"), 202);
  const { task_id: first, ...started } = await run();
  assertEquals(started, { status: "PENDING", created: true });
  assertEquals(await run(), { task_id: first, status: "PENDING", created: false });
  const { runs } = await answer<{ runs: ScheduleRun[] }>(t.get("/schedules/s/runs"));
  assertEquals(runs.map(({ task_id, skipped }) => [task_id, skipped]), [
    [first, "a task with the same unique key was there already"],
    [first, null],
  ]);
  await t.run(0.5);
  assertEquals((await run())["created"], true);
  const changed = await answer(send(t, "PATCH", "/schedules/s", {
    unique: null,
    unique_key: null,
    concurrency_key: "c",
    concurrency_limit: 2,
  }));
  assertEquals([changed.unique, changed.concurrency_key, changed.concurrency_limit], [
    null,
    "c",
    2,
  ]);
});

Deno.test("what would never be right is refused with a sentence, and nothing is stored", async () => {
  await using t = await TestApp.start();
  const past = "2020-01-01T00:00:00Z";
  const wrong: [Record<string, unknown>, string, RegExp][] = [
    [{ cron: "0 0 31 2 *" }, "cron", /never comes due/],
    [{ cron: "* * *" }, "cron", /five fields/],
    [{ cron: "61 * * * *" }, "cron", /minute must be from 0 to 59/],
    [{ timezone: "Mars/Base" }, "timezone", /not an IANA time zone/],
    [{ every: 60 }, "cron", /exclude each other/],
    [{ cron: null }, "cron", /cron or every is needed/],
    [{ cron: null, timezone: null, every: 0 }, "every", /whole seconds from 1 to/],
    [{ cron: null, timezone: null, every: -5 }, "every", /whole seconds from 1 to/],
    [{ cron: null, timezone: null, every: 0.5 }, "every", /whole seconds from 1 to/],
    [{ cron: null, timezone: null, every: 1e12 }, "every", /whole seconds from 1 to/],
    [{ cron: null, every: 60 }, "timezone", /only cron/],
    [{ task: "nobody" }, "task", /Unknown task "nobody"; known tasks: /],
    [{ args: ["a", 2] }, "args.0", /number/],
    [{ args: undefined }, "args", /Too small/],
    [{ name: "" }, "name", /must be 1 to 128/],
    [{ name: "a b" }, "name", /must be 1 to 128/],
    [{ start: "2030-01-02T00:00:00Z", end: "2030-01-01T00:00:00Z" }, "end", /after start/],
    [{ end: past }, "end", /never come due/],
    [{ start: "tomorrow" }, "start", /ISO 8601/],
    [{ misfire: "some" }, "misfire", /skip/],
    [{ queue: "a b" }, "queue", /./],
    [{ priority: "urgent" }, "priority", /high/],
    [{ expires: "soon" }, "expires", /./],
    [{ unique: "now" }, "unique", /"start", "end" or seconds/],
    [{ unique_key: "k" }, "unique_key", /./],
    [{ concurrency_limit: 2 }, "concurrency_limit", /./],
    [{ color: "blue" }, "color", /no such field/],
  ];
  for (const [given, path, message] of wrong) {
    const body = { name: "s", ...daily, ...given };
    const { errors } = await problem(await t.post("/schedules", body), 422);
    const found = errors.find((error: { path: string }) => error.path === path);
    assert(
      found && message.test(found.message),
      `${JSON.stringify(given)}: ${JSON.stringify(errors)}`,
    );
  }
  await problem(await t.post("/schedules"), 422);
  const large = { task: "test_celery", cron: "0 0 * * *", args: ["x".repeat(70_000)] };
  await problem(await t.post("/schedules", { name: "s", ...large }), 422);
  assertEquals(await answer<unknown>(t.get("/schedules")), { schedules: [], cursor: null });

  await answer(t.post("/schedules", { name: "s", ...daily }), 201);
  for (const change of [{ args: ["a"] }, { cron: "x" }, { task: "nobody" }, { cron: null }]) {
    await problem(await send(t, "PATCH", "/schedules/s", change), 422);
  }
  const { args, cron } = await answer(t.get("/schedules/s"));
  assertEquals([args, cron], [[1, 2], "30 2 * * *"]);
  await problem(await send(t, "PATCH", "/schedules/nobody", { args: [1, 2] }), 404);
});

Deno.test("many who change one schedule at the same time all succeed", async () => {
  await using t = await TestApp.start();
  await answer(t.post("/schedules", { name: "s", ...daily }), 201);
  await Promise.all([
    answer(send(t, "PATCH", "/schedules/s", { priority: "low" })),
    answer(send(t, "PATCH", "/schedules/s", { queue: "q" })),
    answer(send(t, "PATCH", "/schedules/s", { expires: 5 })),
    answer(t.post("/schedules/s/pause")),
    answer(t.post("/schedules/s/run"), 202),
  ]);
  const { priority, queue, expires, paused } = await answer(t.get("/schedules/s"));
  assertEquals([priority, queue, expires, paused], ["low", "q", 5, true]);
});

Deno.test("GET /schedule-times tells when a schedule would be due", async () => {
  await using t = await TestApp.start();
  const times = async (query: string) =>
    (await answer<{ times: string[] }>(t.get(`/schedule-times?${query}`))).times;
  const start = "start=2030-03-30T00:00:00Z";
  assertEquals(await times(`cron=30+2+*+*+*&timezone=Europe/Berlin&${start}`), [
    "2030-03-30T01:30:00.000Z",
    "2030-03-31T01:00:00.000Z", // clocks are put forward
    "2030-04-01T00:30:00.000Z",
    "2030-04-02T00:30:00.000Z",
    "2030-04-03T00:30:00.000Z",
  ]);
  assertEquals(await times(`every=60&${start}&end=2030-03-30T00:01:30Z`), [
    "2030-03-30T00:00:00.000Z",
    "2030-03-30T00:01:00.000Z",
  ]);
  for (const query of ["", "cron=x", "every=0", "every=x", "cron=*+*+*+*+*&timezone=no"]) {
    await problem(await t.get(`/schedule-times?${query}`), 422);
  }
});
