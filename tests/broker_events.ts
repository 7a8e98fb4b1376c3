/** What every broker must tell again of a task's events: just what it told when they happened. */

import { assert, assertEquals, assertExists } from "@std/assert";
import type { Broker, BrokerOptions, Claimed, Report } from "../jobs/broker.ts";
import type { TaskEvent } from "../jobs/wire.ts";
import { beat, type Case, claimOne, failure, newTask, settle, success } from "./broker_kit.ts";
import { until } from "./until.ts";

const retry = { state: "RETRY", error: failure.error, delayMs: 0 } as const;
const long = { type: "E", message: 'é"\\\n'.repeat(1000), stack: "at x" };

function progress({ id, token }: Claimed, percent: number, stage: string | null = null): Report {
  return { id, token, progress: { percent, stage, meta: '{"k":[1]}' } };
}

function log({ id, token }: Claimed, text: string): Report {
  return { id, token, log: text };
}

/** One task and what was told of it. */
class Watched {
  readonly id = newTask().id;
  readonly told: TaskEvent[] = [];
  constructor(readonly broker: Broker) {}

  enqueue(more: Parameters<typeof newTask>[0] = {}): Promise<unknown> {
    return this.broker.enqueue([newTask({ ...more, id: this.id })]);
  }

  claim(): Promise<Claimed> {
    return claimOne(this.broker);
  }

  report(...reports: Report[]): Promise<unknown> {
    return this.broker.report("w", reports);
  }

  /** Waits until all was told; answers how many events that are. */
  async heard(): Promise<number> {
    const { events: count = 0 } = await this.broker.get(this.id) ?? {};
    await until(() => this.told.length === count);
    return count;
  }

  /** What is read again is what was told, from any number on. */
  async check(): Promise<void> {
    const count = await this.heard();
    assertEquals(this.told.map(({ seq }) => seq), this.told.map((_, i) => i + 1));
    for (let after = 0; after <= count; after++) {
      assertEquals(await this.broker.events(this.id, after), this.told.slice(after));
    }
  }
}

/** The ways that a task can go, in steps. */
const WAYS: Record<string, ((task: Watched) => Promise<unknown>)[]> = {
  success: [(t) => t.enqueue(), async (t) => settle(t.broker, await t.claim(), success)],
  failure: [
    (t) => t.enqueue(),
    async (t) => settle(t.broker, await t.claim(), { state: "FAILURE", error: long }),
    (t) => t.broker.retry(t.id),
    async (t) => settle(t.broker, await t.claim(), success),
  ],
  "own retries": [
    (t) => t.enqueue(),
    async (t) => settle(t.broker, await t.claim(), retry),
    (t) => t.broker.promote(),
    async (t) => settle(t.broker, await t.claim(), { ...retry, error: long }),
    (t) => t.broker.promote(),
    async (t) => settle(t.broker, await t.claim(), success),
  ],
  "progress, then success": [
    (t) => t.enqueue(),
    async (t) => {
      const claimed = await t.claim();
      await t.check();
      await t.report(progress(claimed, 10, 'a "stage"'), progress(claimed, 20.5));
      await t.check();
      await settle(t.broker, claimed, success);
    },
    (t) => t.broker.retry(t.id),
    async (t) => settle(t.broker, await t.claim(), success),
  ],
  "progress, then failure": [
    (t) => t.enqueue(),
    async (t) => {
      const claimed = await t.claim();
      await t.report(progress(claimed, 10, "stage"));
      await settle(t.broker, claimed, failure);
    },
  ],
  "log lines only": [
    (t) => t.enqueue(),
    async (t) => {
      const claimed = await t.claim();
      await t.report(log(claimed, "one\ntwo"));
      await t.check();
      await t.report(log(claimed, '{"status":"SUCCESS"}'));
      await t.check();
      await settle(t.broker, claimed, success);
    },
    (t) => t.broker.retry(t.id),
  ],
  "handed back": [
    (t) => t.enqueue(),
    async (t) => settle(t.broker, await t.claim(), { state: "PENDING" }),
    async (t) => settle(t.broker, await t.claim(), success),
  ],
  "revoked while it waits": [(t) => t.enqueue(), (t) => t.broker.revoke(t.id)],
  "revoked while it runs": [
    (t) => t.enqueue(),
    (t) => t.claim(),
    (t) => t.broker.revoke(t.id),
    (t) => t.broker.retry(t.id, "[3]"),
    async (t) => settle(t.broker, await t.claim(), success),
  ],
  "expired": [
    (t) => t.enqueue({ expires: { inMs: 1 } }),
    () => new Promise((resolve) => setTimeout(resolve, 5)),
    (t) => t.broker.promote(),
  ],
  "a worker that leaves": [
    (t) => t.enqueue(),
    (t) => t.claim(),
    (t) => t.broker.leave("w"),
    async (t) => settle(t.broker, await t.claim(), success),
  ],
  "retried by hand again and again": [
    (t) => t.enqueue(),
    async (t) => settle(t.broker, await t.claim(), success),
    (t) => t.broker.retry(t.id),
    async (t) => settle(t.broker, await t.claim(), success),
    (t) => t.broker.retry(t.id, "[5]"),
    (t) => t.broker.revoke(t.id),
  ],
  "under limits": [
    (t) => t.enqueue({ concurrency: { key: "k", limit: 1 }, unique: { key: "u", until: "end" } }),
    (t) => t.claim(),
    (t) => t.broker.settle("w", [{ id: t.id, token: 1, outcome: success }]),
  ],
};

type Connect = (options?: Partial<BrokerOptions>) => Broker;

/** A new task whose events are watched; the last step stops that. */
async function watch(connect: Connect, options?: Partial<BrokerOptions>) {
  const task = new Watched(connect(options));
  const subscription = await connect().subscribe({
    onEvents: (events) => task.told.push(...events.filter(({ task_id }) => task_id === task.id)),
    onGap: () => assert(false, "a gap"),
  });
  return { task, [Symbol.asyncDispose]: () => subscription.close() };
}

const ways = Object.entries(WAYS).map(([way, steps]): [string, Case] => [
  `events are read again as they were told: ${way}`,
  async (connect) => {
    await using watched = await watch(connect);
    for (const step of steps) {
      await step(watched.task);
      await watched.task.check();
    }
  },
]);

export const eventCases: Record<string, Case> = {
  ...Object.fromEntries(ways),

  "events are read again as they were told: a lost worker": async (connect) => {
    await using watched = await watch(connect, { leaseMs: 100 });
    const { task } = watched;
    await task.enqueue();
    for (let lost = 0; lost < 3; lost++) {
      await until(async () => (await task.broker.claim("w", ["default"], 1)).length === 1);
      if (lost === 1) await task.broker.heartbeat(beat("w"));
      await until(async () => {
        await task.broker.reap();
        return (await task.broker.get(task.id))?.status !== "STARTED";
      });
      await task.check();
    }
    assertEquals((await task.broker.get(task.id))?.status, "FAILURE");
  },

  "of more than a thousand events the last are kept, under their numbers": async (connect) => {
    await using watched = await watch(connect);
    const { task } = watched;
    await task.enqueue();
    const kept = async () => {
      await task.heard();
      const events = await task.broker.events(task.id, 0);
      assertExists(events);
      assert(events.length >= 1000 && events.length <= 1102, `${events.length} are kept`);
      assertEquals(events, task.told.slice(-events.length));
      assertEquals(await task.broker.events(task.id, 1195), task.told.slice(1195));
    };
    const claimed = await task.claim();
    for (let i = 0; i < 12; i++) {
      await task.report(...Array.from({ length: 100 }, (_, k) => log(claimed, `${i} ${k}`)));
      await task.heard();
    }
    await kept();
    await settle(task.broker, claimed, success);
    await kept();
    for (let run = 0; run < 60; run++) {
      await task.broker.retry(task.id);
      await settle(task.broker, await task.claim(), success);
    }
    await kept();
  },
};
