/**
 * A million short tasks while every five seconds one of the workers is killed: how many are lost, and how
 * many are handed out a second time.
 *
 *     deno task bench:million [tasks] [Redis|SQLite]
 */

import { setTimeout as sleep } from "node:timers/promises";
import { countPrimes } from "../jobs/tasks/count_primes.ts";
import { STORES } from "../tests/stores.ts";
import { type Site, startSite, workers } from "./site.ts";

const TASKS = Number(Deno.args[0] ?? 1_000_000);
const BATCH = 1000;
/** Tasks that wait: enough for the workers not to run dry. */
const AHEAD = 20_000;
const WORKERS = 3;
const KILL_EVERY_MS = 5000;
/** Nothing has moved for so long: what is missing then is lost. */
const STUCK_MS = 30_000;

/** A task that costs next to nothing. */
const noop = await countPrimes.prepare([2]);

async function counts({ broker }: Site) {
  const { enqueued, outcomes, wait_time } = await broker.stats();
  const ended = (wanted: string) =>
    outcomes.filter(({ outcome }) => outcome === wanted)
      .reduce((sum, { count }) => sum + count, 0);
  const [success, failure] = [ended("SUCCESS"), ended("FAILURE")];
  const starts = wait_time.reduce((sum, { count }) => sum + count, 0);
  return { enqueued, success, failure, starts };
}

async function million(site: Site): Promise<void> {
  const start = () => site.start("work", "-c", "4", "--result-expires", "30");
  const fleet = Array.from({ length: WORKERS }, start);
  await workers(site, WORKERS);
  const started = performance.now();
  let moved = started, killed = started, kills = 0, before = 0;
  for (;;) {
    const { enqueued, success, failure } = await counts(site);
    const now = performance.now();
    const ended = success + failure;
    if (ended === TASKS || now - moved > STUCK_MS) break;
    if (ended > before) moved = now;
    before = ended;
    if (now - killed > KILL_EVERY_MS) {
      killed = now;
      await fleet.shift()?.kill("SIGKILL");
      fleet.push(start());
      kills++;
    }
    if (enqueued < TASKS && enqueued - ended < AHEAD) {
      const batch = Array.from({ length: BATCH }, () => ({ ...noop, id: crypto.randomUUID() }));
      await site.broker.enqueue(batch);
    } else {
      await sleep(10);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  for (const worker of fleet) await worker.kill("SIGKILL");
  const { success, failure, starts } = await counts(site);
  console.log(
    `${site.kind.padEnd(7)} ${TASKS} tasks in ${seconds.toFixed(0)} s, ${kills} kills -9: ` +
      `SUCCESS ${success}, FAILURE ${failure}, lost ${TASKS - success - failure}, ` +
      `handed out again ${starts - TASKS}`,
  );
}

for (const [kind, start] of Object.entries(STORES)) {
  if (kind !== (Deno.args[1] ?? kind)) continue;
  await using site = await startSite(kind, start);
  await million(site);
}
