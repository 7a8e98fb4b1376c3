/**
 * The figures of one machine, from the real program: processes of its own, results stored, events
 * published, nothing switched off. Times are of this machine and this moment; compare within one run.
 *
 *     deno task bench
 */

import { setTimeout as sleep } from "node:timers/promises";
import { countPrimes } from "../jobs/tasks/count_primes.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { freePort } from "../tests/redis.ts";
import { STORES } from "../tests/stores.ts";
import { until } from "../tests/until.ts";
import { percentiles, type Site, startSite, workers } from "./site.ts";

const TASKS = 20_000;
const BATCH = 1000;
const LATENCY_SAMPLES = 300;
const KILLS = 20;

/** A task that costs next to nothing. */
const noop = await countPrimes.prepare([2]);

function show({ kind }: Site, what: string, figure: string): void {
  console.log(`${kind.padEnd(7)} ${what.padEnd(52)} ${figure}`);
}

function perSecond(count: number, ms: number): string {
  return `${Math.round(count / ms * 1000).toLocaleString("en")} /s`;
}

async function finished({ broker }: Site): Promise<number> {
  const { outcomes } = await broker.stats();
  return outcomes.reduce((sum, { count }) => sum + count, 0);
}

/** From the first enqueued task to the last result, with a worker that is up and idle before. */
async function throughput(here: Site, pool: string, concurrency: number): Promise<void> {
  await using _worker = here.start("work", "-P", pool, "-c", `${concurrency}`);
  await workers(here, 1);
  await here.broker.pause("default");
  const enqueued = performance.now();
  for (let i = 0; i < TASKS; i += BATCH) {
    const batch = Array.from({ length: BATCH }, () => ({ ...noop, id: crypto.randomUUID() }));
    await here.broker.enqueue(batch);
  }
  show(here, "enqueued, 1000 a call", perSecond(TASKS, performance.now() - enqueued));
  const started = performance.now();
  await here.broker.resume("default");
  await until(async () => await finished(here) >= TASKS, 120_000);
  show(
    here,
    `finished no-op tasks, ${pool} -c ${concurrency}`,
    perSecond(TASKS, performance.now() - started),
  );
}

async function latency(here: Site): Promise<void> {
  await using _worker = here.start("work", "-c", "2");
  await workers(here, 1);
  const waits: number[] = [];
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const sent = new Map<string, number>();
  const subscription = await here.broker.subscribe({
    onEvents(events) {
      for (const { task_id, status } of events) {
        const at = sent.get(task_id);
        if (status !== "STARTED" || at === undefined) continue;
        waits.push(performance.now() - at);
        if (waits.length === LATENCY_SAMPLES) resolve();
      }
    },
    onGap: () => {},
  });
  for (let i = 0; i < LATENCY_SAMPLES; i++) {
    const id = crypto.randomUUID();
    sent.set(id, performance.now());
    await here.broker.enqueue([{ ...noop, id }]);
    await sleep(10);
  }
  await heard;
  await subscription.close();
  show(here, "enqueue to start as a third process sees it, p50/p99/max", percentiles(waits));
}

async function killToRerun(here: Site): Promise<void> {
  const times: number[] = [];
  let victim = here.start("work", "-c", "1");
  for (let i = 0; i < KILLS; i++) {
    const task = await createTask.prepare([60]);
    await here.broker.enqueue([task]);
    await until(async () => (await here.broker.get(task.id))?.status === "STARTED");
    const heir = here.start("work", "-c", "1");
    await workers(here, 2);
    await victim.kill("SIGKILL");
    const killed = performance.now();
    await until(async () => {
      const now = await here.broker.get(task.id);
      return now?.deliveries === 2 && now.status !== "PENDING";
    });
    times.push(performance.now() - killed);
    await here.broker.revoke(task.id);
    victim = heir;
  }
  await victim.kill("SIGKILL");
  show(here, `kill -9 to running elsewhere, ${KILLS} kills, p50/p99/max`, percentiles(times));
}

async function idle(here: Site): Promise<void> {
  await using _worker = here.start("work", "-c", "4");
  await workers(here, 1);
  await sleep(5000);
  const [info] = await here.broker.workers();
  show(here, "resident memory of an idle work -c 4", `${info?.memory_mib} MiB`);
}

async function posts(here: Site): Promise<void> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  await using _server = here.start("serve", "--port", `${port}`);
  await until(async () => {
    const response = await fetch(`${url}/healthz`).catch(() => null);
    await response?.body?.cancel();
    return response !== null;
  });
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  const body = JSON.stringify({ name: longRunningTask.name, args: [1] });
  await Deno.writeTextFile(
    script,
    `wrk.method = "POST" wrk.body = '${body}' wrk.headers["Content-Type"] = "application/json"`,
  );
  try {
    const args = ["-t", "1", "-c", "50", "-d", "5", "-s", script, `${url}/tasks`];
    const { stdout } = await new Deno.Command("wrk", { args }).output();
    const rate = /Requests\/sec:\s+([\d.]+)/.exec(new TextDecoder().decode(stdout))?.[1];
    show(here, "POST /tasks, 50 connections (wrk)", perSecond(Number(rate), 1000));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    show(here, "POST /tasks", "not measured: wrk is not installed");
  } finally {
    await Deno.remove(script);
  }
}

const measures: ((here: Site) => Promise<void>)[] = [
  (here) => throughput(here, "threads", 4),
  (here) => throughput(here, "async", 50),
  posts,
  latency,
  killToRerun,
  idle,
];
// The stores take turns, so that what else the machine does falls on both.
for (const measure of measures) {
  for (const [kind, start] of Object.entries(STORES)) {
    await using here = await startSite(kind, start);
    await measure(here);
  }
}
