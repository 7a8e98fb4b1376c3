/** The pool of threads by itself: each task begins once, waits for none that is long, and falls with none. */

import { assert, assertEquals } from "@std/assert";
import type { Claimed, Outcome } from "../jobs/broker.ts";
import { Demand } from "../jobs/demand.ts";
import type { TaskHandle } from "../jobs/task.ts";
import { ThreadPool, type ThreadPoolOptions } from "../jobs/thread_pool.ts";
import { MAX_CONCURRENCY } from "../jobs/worker_options.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { until } from "./until.ts";
import { THREADS } from "./worker_setup.ts";

/** A pool with what it has told. */
class Told implements AsyncDisposable {
  readonly begun: string[] = [];
  readonly ended: string[] = [];
  readonly outcomes = new Map<string, Outcome>();
  /** How many slots could not begin a task when one ended, and when one was ready. */
  readonly starting: number[] = [];

  private constructor(readonly pool: ThreadPool) {}

  static async start(size: number, options: Partial<ThreadPoolOptions> = {}): Promise<Told> {
    const told = new Told(new ThreadPool({ ...THREADS, size, ...options }));
    await told.pool.start({
      onBegin: ({ id }) => told.begun.push(id),
      onUpdates: () => {},
      onOutcome: ({ id }, outcome) => {
        assert(told.begun.includes(id));
        told.ended.push(id);
        told.outcomes.set(id, outcome);
        told.starting.push(told.pool.starting);
      },
      onReady: (ms) => {
        assert(ms > 0);
        told.starting.push(told.pool.starting);
      },
      onBroken: (error) => {
        throw error;
      },
    });
    return told;
  }

  run(...jobs: Claimed[]): void {
    this.pool.run(jobs);
  }

  /** Waits for these ends, and sees that there were no others and none came twice. */
  async all(jobs: Claimed[]): Promise<void> {
    await until(() => jobs.every(({ id }) => this.outcomes.has(id)));
    assertEquals(this.ended.toSorted(), jobs.map(({ id }) => id).sort());
    assertEquals(
      this.begun.toSorted(),
      this.begun.filter((id, i, all) => all.indexOf(id) === i).sort(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
  }
}

let jobs = 0;

function job({ name }: TaskHandle, ...args: unknown[]): Claimed {
  return {
    id: `${name}-${jobs++}`,
    token: 1,
    name,
    args: JSON.stringify(args),
    queue: "default",
    attempt: 1,
    retries: 0,
    maxRetries: 0,
    timeLimit: null,
    softTimeLimit: null,
    onLost: "requeue",
  };
}

const echoes = (count: number) => Array.from({ length: count }, (_, i) => job(fixtures.echo, i));

Deno.test("short tasks wait for no long one while a thread is free", async () => {
  await using told = await Told.start(2);
  const short = Array.from({ length: 60 }, () => job(fixtures.busy, 1));
  // By now the pool takes all of them for short.
  const known = echoes(100);
  told.run(...known);
  await told.all(known);
  const long = job(fixtures.busy, 2000);
  told.run(...short.slice(0, 20), long, ...short.slice(20));
  await told.all([...known, long, ...short]);
  assertEquals(told.ended.at(-1), long.id);
});

Deno.test("what waits beside a busy loop runs elsewhere, and the loop can be stopped", async () => {
  await using told = await Told.start(2);
  const loop = job(fixtures.busy, 60_000);
  const rest = echoes(200);
  told.run(loop, ...rest);
  await told.all(rest);
  assert(told.begun.includes(loop.id));
  told.pool.stop(loop.id);
  const after = echoes(20);
  told.run(...after);
  await told.all([...rest, ...after]);
});

Deno.test("tasks that end their thread take no other with them", async () => {
  await using told = await Told.start(2, { memoryLimit: 48 });
  const all: Claimed[] = [];
  for (
    const task of [fixtures.exits, fixtures.fills_memory, fixtures.rejects_aside, fixtures.exits]
  ) {
    all.push(...echoes(30), job(task));
  }
  all.push(...echoes(30));
  told.run(...all);
  await told.all(all);
  const failed = all.filter(({ id }) => told.outcomes.get(id)?.state !== "SUCCESS");
  assertEquals(failed.map(({ name }) => name), [
    "exits",
    "fills_memory",
    "rejects_aside",
    "exits",
  ]);
});

Deno.test("a slot whose thread has to be made anew is not there until that is ready", async () => {
  await using told = await Told.start(2);
  assertEquals(told.pool.starting, 0);
  const first = job(fixtures.exits), second = job(fixtures.exits);
  told.run(first);
  await until(() => told.starting.length === 2);
  told.run(second);
  await until(() => told.starting.length === 4);
  assertEquals(told.starting, [1, 0, 1, 0]);
});

Deno.test("an error that a task leaves behind is not the next one's", async () => {
  await using told = await Told.start(1);
  const all = [...echoes(50), job(fixtures.rejects_and_ends), job(fixtures.nap, 50), ...echoes(5)];
  told.run(...all);
  await told.all(all);
  assertEquals(all.filter(({ id }) => told.outcomes.get(id)?.state !== "SUCCESS"), []);
});

Deno.test("an error that a quick task leaves behind for later is not another's", async () => {
  await using told = await Told.start(1);
  const quick = Array.from({ length: 20 }, () => [
    job(fixtures.throws_later, 0),
    job(fixtures.lingers, 0),
  ]);
  const all = [
    ...quick.flat(),
    job(fixtures.throws_later, 20),
    job(fixtures.busy, 5),
    job(fixtures.lingers, 200), // ends at once as a rule, and so is not traced by itself
    ...echoes(5),
  ];
  told.run(...all);
  await told.all(all);
  assertEquals(all.filter(({ id }) => told.outcomes.get(id)?.state !== "SUCCESS"), []);
});

Deno.test("a task that ends at once as a rule fails by its own error, and alone", async () => {
  await using told = await Told.start(1);
  const quick = Array.from({ length: 20 }, () => job(fixtures.breaks, false));
  const broken = job(fixtures.breaks, true);
  const all = [...quick, broken, job(fixtures.nap, 20), ...echoes(5)];
  told.run(...all);
  await told.all(all);
  const failed = all.filter(({ id }) => told.outcomes.get(id)?.state !== "SUCCESS");
  assertEquals(failed.map(({ id }) => id), [broken.id]);
});

Deno.test("what has not begun can be taken back although no thread answers", async () => {
  await using told = await Told.start(1);
  const loop = job(fixtures.busy, 60_000);
  const rest = echoes(10);
  told.run(loop, ...rest);
  await until(() => {
    told.pool.look();
    return told.begun.length === 1;
  });
  assertEquals(told.pool.takeBack(loop.id), false);
  const taken = rest.filter((_, i) => i % 2 === 0);
  for (const { id } of taken) assertEquals(told.pool.takeBack(id), true);
  told.pool.stop(loop.id);
  await told.all(rest.filter((each) => !taken.includes(each)));
});

Deno.test("a task that is taken back while threads take others begins nowhere", async () => {
  await using told = await Told.start(2);
  const all: Claimed[] = [];
  const taken = new Set<string>();
  for (let round = 0; round < 200; round++) {
    const some = echoes(20);
    all.push(...some);
    told.run(...some);
    if (round % 3 === 0) await new Promise((resolve) => setTimeout(resolve, round % 2));
    for (const { id } of some.toReversed()) {
      if (told.pool.takeBack(id)) taken.add(id);
    }
  }
  assert(taken.size > 0);
  await told.all(all.filter(({ id }) => !taken.has(id)));
  assert(told.begun.every((id) => !taken.has(id)));
});

Deno.test("a pool has room for all that a worker may ever claim", async () => {
  const demand = new Demand(1000);
  demand.noteRun(0.001);
  let held = 0;
  for (let more = -1; more !== 0; held += more) more = demand.want(MAX_CONCURRENCY, held);
  assert(held > MAX_CONCURRENCY);
  await using told = await Told.start(1);
  const all = echoes(held);
  told.pool.run([job(fixtures.busy, 60_000), ...all]);
  await until(() => {
    told.pool.look();
    return told.begun.length === 1;
  });
  for (const { id } of all) assert(told.pool.takeBack(id));
});

Deno.test("what was to stop a task that has just ended does not stop the one in its place", async () => {
  await using told = await Told.start(1);
  const all = echoes(50);
  told.run(...all);
  await told.all(all);
  const lookUntil = (seen: () => boolean) => {
    const end = performance.now() + 1000;
    while (!seen() && performance.now() < end) told.pool.look();
  };
  for (let round = 0; round < 50; round++) {
    const first = job(fixtures.busy, 0.5);
    const second = job(fixtures.busy, 0.8);
    const third = job(fixtures.nap, 5);
    told.run(first, second);
    lookUntil(() => told.begun.includes(first.id));
    told.pool.abort(first.id, "soft_time_limit");
    lookUntil(() => told.outcomes.has(first.id));
    told.run(third);
    all.push(first, second, third);
    await told.all(all);
  }
  assert(all.every(({ id }) => told.outcomes.get(id)?.state === "SUCCESS"));
});

Deno.test("a thread tells what memory it uses also while it is never idle", async () => {
  await using told = await Told.start(1);
  const nap = job(fixtures.nap, 60_000);
  told.run(nap);
  await until(() => told.pool.threads()[0]?.memory_mib !== null);
  assertEquals(told.ended, []);
  told.pool.stop(nap.id);
});

Deno.test("arguments and results of any length arrive as they were", async () => {
  await using told = await Told.start(2);
  const values = [
    "",
    "ü€😀\n\\",
    "\ud800",
    "x".repeat(1900),
    "y".repeat(2500),
    "z".repeat(300_000),
  ];
  const all = [0, 1, 2].flatMap(() => values.map((value) => job(fixtures.echo, value)));
  told.run(...all);
  await told.all(all);
  for (const { id, args } of all) {
    assertEquals(told.outcomes.get(id), { state: "SUCCESS", result: args.slice(1, -1) });
  }
});

Deno.test("threads that are replaced all the while run each task once", async () => {
  await using told = await Told.start(2, { maxTasksPerChild: 20 });
  const all = echoes(100);
  told.run(...all.slice(0, 50));
  const restarted = told.pool.restart();
  told.run(...all.slice(50));
  await restarted;
  told.pool.resize(4);
  told.pool.resize(1);
  await told.all(all);
  await until(() => told.pool.size === 1);
});
