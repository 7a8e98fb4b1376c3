/** Measures scenarios: their contenders take turns, so that what else the machine does falls on all. */

import { TestRedis } from "../tests/redis.ts";
import type { Bench, Contender, Scenario } from "./scenario.ts";
import { figure, type Measured } from "./statistics.ts";

/** Medians are of so many measurements; with `--quick` of one. */
const ROUNDS = 3;

export interface ScenarioResult {
  scenario: Scenario;
  measured: Measured[];
}

/**
 * Measures one scenario on a Redis of its own.
 * @param say takes each value as it comes
 */
export async function runScenario(
  scenario: Scenario,
  quick: boolean,
  say: (line: string) => void,
): Promise<ScenarioResult> {
  await using redis = await TestRedis.start();
  const flush = async () => void await redis.command("FLUSHALL", "SYNC");
  const at: Bench = { redis: { port: redis.port, url: redis.url, flush }, quick };
  const measured: Measured[] = [];
  for (const contender of scenario.contenders) {
    const missing = await contender.missing?.();
    if (missing !== undefined) say(`${scenario.name}: ${contender.name}: ${missing}`);
    measured.push({ name: contender.name, values: {}, ...(missing !== undefined && { missing }) });
  }
  for (let round = 1; round <= (quick ? 1 : scenario.rounds ?? ROUNDS); round++) {
    for (const [i, contender] of scenario.contenders.entries()) {
      const into = measured[i];
      if (!into || into.missing !== undefined) continue;
      await flush();
      await measureOnce(scenario, contender, at, into);
      const shown = scenario.metrics.flatMap(({ name, unit }) => {
        const value = into.values[name]?.at(-1);
        return value === undefined ? [] : [`${figure(value)} ${unit}`];
      });
      say(
        `${scenario.name}, round ${round}: ${contender.name}: ${into.missing ?? shown.join(", ")}`,
      );
    }
  }
  return { scenario, measured };
}

/** One that fails is out, and says why; the others go on. */
async function measureOnce(scenario: Scenario, by: Contender, at: Bench, into: Measured) {
  try {
    const values = await by.measure(at);
    for (const { name } of scenario.metrics) {
      const value = values[name];
      if (value !== undefined) (into.values[name] ??= []).push(value);
    }
  } catch (error) {
    into.missing = `failed: ${error instanceof Error ? error.message : error}`;
    into.failed = true;
    into.values = {};
  }
}
