/** What becomes of tasks that a worker has claimed, where the broker has thought it lost meanwhile. */

import { assert, assertEquals } from "@std/assert";
import { AsyncPool } from "../jobs/async_pool.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Runs } from "../jobs/runs.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { registry, WORKER } from "./worker_setup.ts";

for (const order of ["hold", "decline"] as const) {
  Deno.test(`${order}: a run ends when its task comes under another token`, async () => {
    const broker = connectBroker("sqlite::memory:");
    const pool = new AsyncPool(registry, 1);
    const options = { ...WORKER, concurrency: { min: 1, max: 1 } };
    const ignore = () => {};
    const runs = new Runs(broker, pool, options, {
      onRun: ignore,
      onEnd: ignore,
      onSlotFreed: ignore,
      onSettled: ignore,
      onBrokerError(error) {
        throw error;
      },
    });
    await pool.start({
      onBegin: (job, at) => runs.onBegin(job, at),
      onUpdates: ignore,
      onOutcome: (job, outcome, ms) => runs.onOutcome(job, outcome, ms),
      onReady: ignore,
      onBroken: ignore,
    });
    const claim = async () => {
      const [job] = await broker.claim(WORKER.name, WORKER.queues, 1);
      assert(job);
      return job;
    };
    try {
      await broker.enqueue([await fixtures.nap.prepare([60_000])]);
      const first = await claim();
      runs.hold([first]);
      assertEquals(runs.held.running, 1);
      await broker.leave(WORKER.name); // as where its lease has run out
      const second = await claim();
      runs[order]([second]);
      const tokens = order === "hold" ? [second.token] : [];
      assertEquals(runs.held.runs().map(({ job }) => job.token), tokens);
      assertEquals(runs.held.running, tokens.length);
      await runs.close(1000);
      if (order === "decline") assertEquals((await claim()).token, second.token + 1);
    } finally {
      await pool.close();
      await broker.close();
    }
  });
}
