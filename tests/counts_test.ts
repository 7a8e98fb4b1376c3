/** What is counted of queues agrees with their tasks, whatever is done to long queues at the same time. */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker, NewTask, Outcome } from "../jobs/broker.ts";
import { bulkStep } from "../jobs/bulk.ts";
import { connectBroker } from "../jobs/connect.ts";
import { type BulkAction, PRIORITIES, type State } from "../jobs/wire.ts";
import { beat, failure, newTasks, success } from "./broker_kit.ts";
import { lookAtRedis } from "./chaos/look_redis.ts";
import { lookAtSqlite } from "./chaos/look_sqlite.ts";
import { Random } from "./chaos/random.ts";
import { STORES } from "./stores.ts";
import { TestRedis } from "./redis.ts";

const QUEUES = ["a", "b"];
const NAMES = ["add", "divide", "echo"];
const WORKERS = ["u", "v"];
/** Short, so that a worker that is silent between two looks loses its tasks. */
const LEASE_MS = 1500;

type Act = (broker: Broker) => Promise<unknown>;

/** Does this and that at random. */
class Hands {
  readonly #ids: string[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  act(broker: Broker): Promise<unknown> {
    const choices: [Act, number][] = [
      [(broker) => this.#enqueue(broker), 4],
      [(broker) => this.#work(broker), 6],
      [(broker) => this.#some(60, (id) => broker.revoke(id)), 4],
      [(broker) => this.#some(20, (id) => broker.retry(id)), 2],
      [(broker) => this.#some(20, (id) => broker.forget(id)), 2],
      [(broker) => this.#bulk(broker), 1],
      [(broker) => broker.purge(this.#one(QUEUES)), 0.2],
      [(broker) => broker.pause(this.#one(QUEUES)), 1],
      [(broker) => broker.resume(this.#one(QUEUES)), 2],
      [(broker) => broker.limitTask(this.#one(NAMES), { rateLimit: "300/s" }), 0.5],
      [(broker) => broker.limitTask(this.#one(NAMES), { rateLimit: null }), 0.5],
      [(broker) => broker.limitQueue(this.#one(QUEUES), { concurrencyLimit: 40 }), 0.5],
      [(broker) => broker.limitQueue(this.#one(QUEUES), { concurrencyLimit: null }), 0.5],
      [(broker) => broker.promote(), 2],
      [(broker) => broker.reap(), 1],
      [(broker) => broker.heartbeat(beat(this.#one(WORKERS))), 2],
      [(broker) => broker.leave(this.#one(WORKERS)), 0.3],
    ];
    return this.#random.pick(choices)(broker);
  }

  #one<T>(list: readonly T[]): T {
    return this.#random.pick(list.map((each) => [each, 1] as const));
  }

  async #enqueue(broker: Broker): Promise<void> {
    const [queue, priority] = [this.#one(QUEUES), this.#one(PRIORITIES)];
    const tasks = newTasks(this.#one([1, 30, 1500])).map((task): NewTask => ({
      ...task,
      queue,
      priority,
      name: this.#one(NAMES),
      ...(this.#random.chance(0.1) && { eta: { inMs: this.#random.whole(0, 1500) } }),
      ...(this.#random.chance(0.1) && { expires: { inMs: this.#random.whole(0, 3000) } }),
      ...(this.#random.chance(0.3) && { concurrency: { key: this.#one(["k", "l"]), limit: 9 } }),
    }));
    await broker.enqueue(tasks);
    this.#ids.push(...tasks.map(({ id }) => id));
  }

  /** Some runs end, some do not until their worker leaves or is lost. */
  async #work(broker: Broker): Promise<void> {
    const worker = this.#one(WORKERS);
    const claimed = await broker.claim(worker, QUEUES, this.#one([1, 20, 200]));
    const { error } = failure;
    const settlements = claimed.filter(() => this.#random.chance(0.8)).map(({ id, token }) => {
      const retry = { state: "RETRY", error, delayMs: this.#random.whole(0, 1500) } as const;
      const outcome = this.#one<Outcome>([success, failure, retry, { state: "PENDING" }]);
      return { id, token, outcome };
    });
    if (settlements.length > 0) await broker.settle(worker, settlements);
  }

  /** To a stretch of those that were enqueued one after the other. */
  async #some(most: number, act: (id: string) => Promise<unknown>): Promise<void> {
    const first = this.#random.whole(0, Math.max(0, this.#ids.length - 1));
    const count = this.#random.whole(1, most);
    await Promise.all(this.#ids.slice(first, first + count).map(act));
  }

  async #bulk(broker: Broker): Promise<void> {
    const action = this.#one<BulkAction>(["cancel", "retry", "delete"]);
    const filter = { queue: this.#one(QUEUES), name: this.#one(NAMES) };
    let cursor: string | undefined;
    do {
      const step = await bulkStep(broker, action, { filter, cursor }, false);
      cursor = step.cursor ?? undefined;
    } while (cursor !== undefined);
  }
}

/** How many tasks of a queue are found in these states. */
async function found(broker: Broker, queue: string, state: State[]): Promise<number> {
  const ids = new Set<string>();
  let cursor: string | undefined;
  do {
    const step = await broker.walk({ queue, state, limit: 1000, cursor }, "stay");
    step.ids.forEach((id) => ids.add(id));
    cursor = step.cursor ?? undefined;
  } while (cursor !== undefined);
  return ids.size;
}

async function compare(broker: Broker): Promise<void> {
  for (const { name, waiting, scheduled, active } of await broker.queues()) {
    const counted = [waiting + scheduled, active];
    const real = [
      await found(broker, name, ["PENDING", "RETRY"]),
      await found(broker, name, ["STARTED", "PROGRESS"]),
    ];
    assertEquals(counted, real, `${name}: counted, and found`);
    assert(waiting >= 0 && scheduled >= 0, `${name}: ${waiting} waiting, ${scheduled} scheduled`);
  }
}

/** Runs all that is left; answers how many of them came twice. */
async function drain(broker: Broker): Promise<number> {
  for (const queue of QUEUES) {
    await broker.resume(queue);
    await broker.limitQueue(queue, { concurrencyLimit: null });
  }
  for (const name of NAMES) await broker.limitTask(name, { rateLimit: null });
  for (const worker of WORKERS) await broker.leave(worker);
  const started = new Set<string>();
  let twice = 0;
  const isLeft = async () =>
    (await broker.queues()).some((queue) => queue.waiting + queue.scheduled + queue.active > 0);
  for (const deadline = performance.now() + 60_000; await isLeft();) {
    assert(performance.now() < deadline, JSON.stringify(await broker.queues()));
    await broker.promote();
    const claimed = await broker.claim("last", QUEUES, 500);
    for (const { id } of claimed) {
      if (started.has(id)) twice++;
      started.add(id);
    }
    const ends = claimed.map(({ id, token }) => ({ id, token, outcome: success }));
    if (ends.length > 0) await broker.settle("last", ends);
    else await sleep(20);
  }
  await broker.leave("last");
  return twice;
}

const randomSeed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

for (const [kind, start] of Object.entries(STORES)) {
  for (const seed of [1, randomSeed]) {
    Deno.test(`${kind}: queues are counted right, whatever is done to their tasks (seed ${seed})`, async () => {
      await using store = await start();
      const options = { leaseMs: LEASE_MS, resultExpires: 600, deadExpires: 600 };
      const brokers = [0, 1].map(() => connectBroker(store.url, options));
      const [broker] = brokers;
      assert(broker);
      const hands = new Hands(seed);
      for (let round = 0; round < 4; round++) {
        await Promise.all(brokers.map(async (broker) => {
          for (let i = 0; i < 20; i++) await hands.act(broker);
        }));
        await compare(broker);
      }
      assertEquals(await drain(broker), 0, "ran twice");
      const look = store instanceof TestRedis
        ? await lookAtRedis(store.url, new Set())
        : lookAtSqlite("file" in store ? String(store.file) : "", new Set());
      assertEquals(look.findings, []);
      await Promise.all(brokers.map((broker) => broker.close()));
    });
  }
}
