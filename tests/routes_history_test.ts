import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sampleDuty, takeSample } from "../jobs/history_sample.ts";
import { SAMPLE_EVERY_MS } from "../jobs/history_store.ts";
import { type History, RANGES } from "../jobs/wire.ts";
import { problem, TestApp } from "./routes_app.ts";
import { serve, TestSocket } from "./routes_socket.ts";
import { until } from "./until.ts";

/** Answers a function that stores a sample of the totals as if it were taken so many steps ago. */
async function sampler({ broker }: TestApp): Promise<(stepsAgo: number) => Promise<void>> {
  const now = await broker.schedules.now();
  return async (stepsAgo) => {
    const body = JSON.stringify(await takeSample(broker));
    await broker.samples.put({ at: now - stepsAgo * SAMPLE_EVERY_MS, body });
  };
}

async function history(t: TestApp, query = ""): Promise<History> {
  const response = await t.get(`/history${query}`);
  assertEquals(response.status, 200);
  return await response.json();
}

Deno.test("GET /history tells what happened, of all queues or of one", async () => {
  await using t = await TestApp.start();
  const sample = await sampler(t);
  await sample(2);
  await t.task("divide", [1, 2]);
  await t.task("test_celery", ["word"]);
  await t.run(0.5);
  await sample(1);
  for (const range of RANGES) {
    const { range: told, points, step_seconds } = await history(t, `?range=${range}`);
    assertEquals(told, range);
    assert(step_seconds >= 10);
    if (range === "15m") assertEquals(points.length, 1);
  }
  const [point] = (await history(t, "?range=15m")).points;
  assertEquals([point?.enqueued, point?.succeeded], [2, 1]);
  assertEquals(Object.keys(point?.queues ?? {}).sort(), ["default", "test-queue"]);
  const [ofOne] = (await history(t, "?range=15m&queue=test-queue")).points;
  assertEquals(ofOne?.queues, { "test-queue": { waiting: 1, scheduled: 0, active: 0, ended: 0 } });

  const { queues } = await (await t.get("/queues")).json();
  assertEquals(queues.map((each: { ended_per_minute: number }) => each.ended_per_minute), [6, 0]);

  assertEquals((await problem(await t.get("/history?queue=nope"), 404)).known, [
    "default",
    "test-queue",
  ]);
  const { detail } = await problem(await t.get("/history?range=1y"), 422);
  assertStringIncludes(detail, "range");
  await problem(await t.get("/history?since=1h"), 422);
});

Deno.test("the newest point is a topic", async () => {
  await using t = await TestApp.start();
  await using server = serve(t);
  await using socket = await TestSocket.open(server, "/ws");
  socket.send({ topics: ["history"] });
  await until(() => socket.topic("history").length === 1);
  assertEquals(socket.topic("history"), [null]);
  const sample = await sampler(t);
  await sample(1);
  await t.task("divide", [1, 2]);
  await sample(0);
  await until(() => socket.topic("history").length === 2);
  assertEquals(socket.topic("history")[1]?.enqueued, 1);
});

Deno.test("the duty takes one sample in a step, and says when the next is due", async () => {
  await using t = await TestApp.start();
  const duty = sampleDuty(t.broker);
  const started = await t.broker.schedules.now();
  for (let i = 0; i < 3; i++) {
    const waitMs = await duty.run();
    assert(waitMs && waitMs > 0 && waitMs <= 1.2 * SAMPLE_EVERY_MS + 1, `${waitMs}`);
  }
  const steps = Math.floor(await t.broker.schedules.now() / SAMPLE_EVERY_MS) -
    Math.floor(started / SAMPLE_EVERY_MS) + 1;
  const { length } = await t.broker.samples.read(SAMPLE_EVERY_MS, 10);
  assert(length >= 1 && length <= steps, `${length} in ${steps} steps`);
});
