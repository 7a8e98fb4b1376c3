/**
 * How soon the tasks of a worker run elsewhere when it is killed, stopped or asked to end. Measured
 * from the signal to the first report of the last of its tasks, by the clock of the broker.
 *
 *     deno task bench:recovery [kills] [stops] [terms]
 */

import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import type { Program } from "../tests/program.ts";
import { STORES } from "../tests/stores.ts";
import { until } from "../tests/until.ts";
import { percentiles, type Site, startSite, workers } from "./site.ts";

const SLOTS = 4;

const [kills = 200, stops = 20, terms = 50] = Deno.args.map(Number);

function worker(site: Site): Program {
  return site.start("work", "-c", `${SLOTS}`, "--grace", "0");
}

/** When each run of a task reported for the first time, by Unix time in ms. */
async function firstReports(site: Site, id: string): Promise<number[]> {
  const events = await site.broker.events(id, 0) ?? [];
  return events
    .filter(({ status }, i) => status === "PROGRESS" && events[i - 1]?.status === "STARTED")
    .map(({ at }) => Date.parse(at));
}

async function running(site: Site, ids: string[], run: number): Promise<number[]> {
  const times: number[] = [];
  for (const id of ids) {
    await until(async () => (await firstReports(site, id)).length >= run, 60_000);
    times.push((await firstReports(site, id))[run - 1] ?? NaN);
  }
  return times;
}

/** Signals one worker after the other, each full of tasks, while another waits. */
async function measure(site: Site, signal: "SIGKILL" | "SIGSTOP" | "SIGTERM", count: number) {
  const times: number[] = [];
  const spent: number[] = [];
  let victim = worker(site);
  await workers(site, 1);
  for (let i = 0; i < count; i++) {
    const tasks = await Promise.all(
      Array.from({ length: SLOTS }, () => longRunningTask.prepare([600])),
    );
    await site.broker.enqueue(tasks);
    const ids = tasks.map(({ id }) => id);
    await running(site, ids, 1);
    const heir = worker(site);
    await workers(site, 2);
    const signalled = Date.now();
    victim.signal(signal);
    times.push(Math.max(...await running(site, ids, 2)) - signalled);
    for (const id of ids) {
      spent.push((await site.broker.get(id))?.retries ?? NaN);
      await site.broker.revoke(id);
    }
    await victim[Symbol.asyncDispose]();
    await workers(site, 1);
    victim = heir;
  }
  await victim[Symbol.asyncDispose]();
  // Nobody is left to notice that.
  await until(async () => {
    await site.broker.reap();
    return (await site.broker.workers()).length === 0;
  }, 30_000);
  const retries = spent.reduce((sum, each) => sum + each, 0);
  console.log(
    `${site.kind.padEnd(7)} ${signal}, ${count} times, ${SLOTS} tasks each, ` +
      `p50/p99/max ${percentiles(times)}; retries spent: ${retries}`,
  );
}

await Promise.all(
  Object.entries(STORES).map(async ([kind, start]) => {
    await using site = await startSite(kind, start);
    if (kills > 0) await measure(site, "SIGKILL", kills);
    if (stops > 0) await measure(site, "SIGSTOP", stops);
    if (terms > 0) await measure(site, "SIGTERM", terms);
  }),
);
