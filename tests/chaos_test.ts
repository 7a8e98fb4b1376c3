/**
 * A minute of chaos: one seed that is always the same and one that never is, each on both stores at
 * once. `deno task chaos` runs longer, and repeats a seed that failed.
 */

import { assertEquals } from "@std/assert";
import { connectBroker } from "../jobs/connect.ts";
import { Registry } from "../jobs/registry.ts";
import { Schedules } from "../jobs/schedule_control.ts";
import { tasks } from "../jobs/tasks/mod.ts";
import { Clockwork } from "./chaos/clockwork.ts";
import type { Options } from "./chaos/plan.ts";
import { chaos } from "./chaos/run.ts";
import { table } from "./chaos/table.ts";
import { startSqlite } from "./stores.ts";

const SCALE = { minutes: 0.15, workers: 3, servers: 2, rate: 20 };

async function nothingIsLost(broker: Options["broker"], seed: number): Promise<void> {
  const happened: string[] = [];
  const say = (line: string) => happened.push(line);
  const report = await chaos({ ...SCALE, broker, seed }, say, new AbortController().signal);
  assertEquals(report.findings, [], `${happened.join("\n")}\n${table(report)}`);
}

for (const [name, seed] of [["always the same", 1], ["a new one", randomSeed()]] as const) {
  Deno.test(`chaos, with a seed that is ${name} (${seed}): nothing is lost, nothing is left`, async () => {
    await Promise.all([nothingIsLost("redis", seed), nothingIsLost("sqlite", seed)]);
  });
}

Deno.test("no schedule starts anything while chaos counts, those of the project neither", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  try {
    const schedules = new Schedules(broker, new Registry(tasks));
    for (let i = 0; i < 3; i++) {
      await schedules.create(`project-${i}`, { task: "divide", args: [1, 2], every: 1 });
    }
    const clockwork = new Clockwork(broker);
    await clockwork.start();
    await clockwork.stop();
    const all = (await schedules.list(100)).schedules;
    assertEquals(all.map(({ paused }) => paused), [true, true, true, true]);
  } finally {
    await broker.close();
  }
});

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
