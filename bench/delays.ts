/**
 * How late delayed tasks start on an idle worker, also with a million others waiting for later, and
 * what those cost in memory.
 *
 *     deno task bench:delays
 */

import { setTimeout as sleep } from "node:timers/promises";
import { countPrimes } from "../jobs/tasks/count_primes.ts";
import { residentMib } from "../tests/chaos/fleet.ts";
import type { Program } from "../tests/program.ts";
import { STORES } from "../tests/stores.ts";
import { until } from "../tests/until.ts";
import { percentiles, type Site, startSite, workers } from "./site.ts";

const TASKS = 1000;
const WITHIN_MS = 30_000;
const MILLION = 1_000_000;
const BATCH = 1000;
const TOMORROW_MS = 24 * 3600 * 1000;
/** For a process to give back what it has allocated for a while. */
const REST_MS = 15_000;

/** A task that costs next to nothing. */
const noop = await countPrimes.prepare([2]);

function show(site: Site, what: string, figure: string): void {
  console.log(`${site.kind.padEnd(7)} ${what.padEnd(58)} ${figure}`);
}

/** From each task's time to its start, by the broker's clock. */
async function lateness(site: Site, what: string): Promise<void> {
  const start = Date.now() + 2000;
  const tasks = Array.from({ length: TASKS }, () => {
    const atMs = start + Math.round(Math.random() * WITHIN_MS);
    return { ...noop, id: crypto.randomUUID(), eta: { atMs } };
  });
  await site.broker.enqueue(tasks);
  await sleep(start + WITHIN_MS - Date.now());
  const late: number[] = [];
  for (const { id, eta } of tasks) {
    await until(async () => (await site.broker.get(id))?.status === "SUCCESS", 60_000);
    const started = (await site.broker.get(id))?.started_at ?? "";
    late.push(Date.parse(started) - eta.atMs);
  }
  show(site, `${what}: lateness of ${TASKS} tasks, p50/p99/max`, percentiles(late));
}

async function million(site: Site, programs: Record<string, Program>): Promise<void> {
  const memory = () =>
    Object.values(programs).map(({ pid }) => Math.round(residentMib(pid) ?? NaN));
  await sleep(REST_MS);
  const before = memory();
  const started = performance.now();
  for (let i = 0; i < MILLION; i += BATCH) {
    await site.broker.enqueue(Array.from({ length: BATCH }, () => ({
      ...noop,
      id: crypto.randomUUID(),
      eta: { inMs: TOMORROW_MS * (1 + Math.random()) },
    })));
  }
  const seconds = (performance.now() - started) / 1000;
  show(site, "a million tasks for tomorrow, enqueued in", `${seconds.toFixed(1)} s`);
  await sleep(REST_MS);
  const after = memory();
  Object.keys(programs).forEach((name, i) =>
    show(site, `resident memory of ${name}, before → after`, `${before[i]} → ${after[i]} MiB`)
  );
}

for (const [kind, start] of Object.entries(STORES)) {
  await using site = await startSite(kind, start);
  await using worker = site.start("work", "-c", "2");
  await using server = site.start("serve", "--port", "0");
  await workers(site, 1);
  await lateness(site, "idle worker");
  await million(site, { worker, server });
  await lateness(site, "the same, a million waiting");
}
