/**
 * A minute of chaos: one seed that is always the same and one that never is, each on both stores at
 * once. `deno task chaos` runs longer, and repeats a seed that failed.
 */

import { assertEquals } from "@std/assert";
import type { Options } from "./chaos/plan.ts";
import { chaos } from "./chaos/run.ts";
import { table } from "./chaos/table.ts";

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

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
