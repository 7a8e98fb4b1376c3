import { assertEquals } from "@std/assert";
import { connectBroker } from "../jobs/connect.ts";
import { newestPoint } from "../jobs/history.ts";
import { SAMPLE_EVERY_MS } from "../jobs/history_store.ts";
import { Program } from "./program.ts";
import { STORES, type TestStore } from "./stores.ts";
import { together } from "./together.ts";
import { until } from "./until.ts";

/** Two steps, and time for slow machines. */
const LONG_ENOUGH_MS = 60_000;

const cases = Object.entries(STORES).map(([kind, start]) => {
  const run = async () => {
    await using store: TestStore = await start();
    const env = { TASKAPP_BROKER: store.url, TASKAPP_PORT: "0" };
    await using _serve = Program.start(["serve"], env, store.cwd);
    await using _another = Program.start(["serve"], env, store.cwd);
    await using _work = Program.start(["work", "-c", "3"], env, store.cwd);
    const broker = connectBroker(store.url);
    try {
      await until(async () => (await newestPoint(broker))?.workers === 1, LONG_ENOUGH_MS);
      assertEquals((await newestPoint(broker))?.slots, 3);
      const samples = await broker.samples.read(SAMPLE_EVERY_MS, 10);
      const steps = samples.map(({ at }) => Math.floor(at / SAMPLE_EVERY_MS));
      assertEquals(new Set(steps).size, samples.length);
    } finally {
      await broker.close();
    }
  };
  return [kind, run] as const;
});

together("servers and workers take samples together, one in a step", Object.fromEntries(cases));
