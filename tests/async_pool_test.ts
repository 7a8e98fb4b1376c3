/** The pool on the main loop, by itself. */

import { assert, assertEquals } from "@std/assert";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AsyncPool } from "../jobs/async_pool.ts";
import { connectBroker } from "../jobs/connect.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { until } from "./until.ts";
import { registry } from "./worker_setup.ts";

Deno.test("tasks that wait for nothing let the event loop go round", async () => {
  const broker = connectBroker("sqlite::memory:");
  const pool = new AsyncPool(registry, 50);
  const ended: string[] = [];
  const ignore = () => {};
  await pool.start({
    onBegin: ignore,
    onUpdates: ignore,
    onOutcome: ({ id }) => ended.push(id),
    onReady: ignore,
    onBroken: ignore,
  });
  try {
    const calls = await Promise.all(Array.from({ length: 200 }, () => fixtures.echo.prepare([1])));
    await broker.enqueue(calls);
    pool.run(await broker.claim("w", ["default"], calls.length));
    await nextTurn();
    assert(0 < ended.length && ended.length < calls.length, `${ended.length} in the first turn`);
    await until(() => ended.length === calls.length);
    assertEquals(ended, calls.map(({ id }) => id));
  } finally {
    await pool.close();
    await broker.close();
  }
});
