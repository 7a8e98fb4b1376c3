/** Whatever is done to a broker has the effect and the answer that the model says. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Redis } from "ioredis";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { isReady, STATES, type TaskEvent } from "../jobs/wire.ts";
import { beat, firstTasks } from "./broker_kit.ts";
import { Model } from "./broker_model.ts";
import { type Seen, seen, seenEvent } from "./broker_seen.ts";
import { QUEUES, sequence, type Step, type Target, WORKERS } from "./broker_steps.ts";
import { TestRedis } from "./redis.ts";
import { wrongAccounts } from "./redis_accounts.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";

/**
 * Sequences per store; to hunt, set PROPERTY_RUNS to some thousands. A failure prints the shortest
 * sequence that fails, and its `seed` and `path`: put beside `numRuns`, they repeat it alone.
 */
const numRuns = Number(Deno.env.get("PROPERTY_RUNS") ?? 100);

/** Short, because what fails is tried often until it is the shortest. */
const HEARD_WITHIN_MS = 3000;

/** One broker in use, another that listens, and the model of both. */
class Trial {
  readonly #model = new Model();
  readonly #broker: Broker;
  readonly #listening: Broker;
  readonly #heard: TaskEvent[] = [];
  readonly #revoked: string[] = [];
  #gaps = 0;
  /** Whether a worker that found nothing in this queue, or nothing delayed (""), was woken since. */
  readonly #woken = new Map<string, boolean>();

  /** @param look says what is wrong in the store, where only it can tell */
  constructor(url: string, private readonly look: () => Promise<string[]>) {
    this.#broker = connectBroker(url);
    this.#listening = connectBroker(url);
  }

  async run(steps: Step[]): Promise<void> {
    await this.#listen();
    for (const step of steps) await this.#take(step);
    await this.#compare();
    for (const worker of WORKERS) await this.#take(["heartbeat", worker]);
    for (const queue of QUEUES) await this.#take(["resume", queue]);
    for (const queue of QUEUES) await this.#take(["claim", "u", [queue], 100]);
    await this.#compare();
  }

  async close(): Promise<void> {
    await Promise.all([this.#broker.close(), this.#listening.close()]);
  }

  async #listen(): Promise<void> {
    await this.#listening.subscribe({
      onEvents: (events) => void this.#heard.push(...events),
      onGap: () => this.#gaps++,
    });
    for (const worker of WORKERS) {
      await this.#listening.attend(worker, {
        onReady: (queue = "") => this.#woken.set(queue, true),
        onSchedule: () => this.#woken.set("", true),
        onCommand: () => {},
        onRevoked: (id, token) => this.#revoked.push(`${worker} ${id} ${token}`),
        onReconnected: () => {},
      });
    }
  }

  async #take(step: Step): Promise<void> {
    const [broker, model] = [this.#broker, this.#model];
    switch (step[0]) {
      case "enqueue": {
        const [, tasks] = step;
        assertEquals(await broker.enqueue(tasks), tasks.map((task) => model.enqueue(task)));
        break;
      }
      case "claim": {
        const [, worker, queues, limit] = step;
        const claimed = await broker.claim(worker, queues, limit);
        const ids = claimed.map(({ id }) => id);
        const ended: string[] = [];
        for (const id of model.expired()) {
          if ((await broker.get(id))?.status === "REVOKED") ended.push(id);
        }
        assertEquals(claimed, model.claim(worker, queues, limit, ids, ended));
        if (claimed.length < limit) queues.forEach((queue) => this.#woken.set(queue, false));
        break;
      }
      case "report": {
        const [, worker, targets] = step;
        const reports = targets.map(([at, update]) => ({ ...this.#find(worker, at), ...update }));
        const expected = reports.map((each) => model.report(worker, each));
        assertEquals(await broker.report(worker, reports), expected);
        break;
      }
      case "settle": {
        const [, worker, targets] = step;
        const ends = targets.map(([at, outcome]) => ({ ...this.#find(worker, at), outcome }));
        const expected = ends.map((each) => model.settle(worker, each));
        assertEquals(await broker.settle(worker, ends), expected);
        break;
      }
      case "revoke":
      case "retry":
      case "forget": {
        const [call, nth] = step;
        const ended = model.list().filter(({ status }) => isReady(status));
        const among = call === "revoke" || ended.length === 0 ? model.list() : ended;
        const id = among[nth % among.length]?.task_id ?? "unknown";
        // What is forgotten, and then accepted again, may not be told any more.
        if (call === "forget") await this.#hear();
        assertEquals(await broker[call](id), model[call](id));
        break;
      }
      case "heartbeat": {
        const held = await broker.heartbeat(beat(step[1]));
        assertEquals(sorted(held, "id"), sorted(model.heartbeat(step[1]), "id"));
        break;
      }
      case "leave":
        await broker.leave(step[1]);
        model.leave(step[1]);
        break;
      case "pause":
      case "resume":
        await broker[step[0]](step[1]);
        model.setPaused(step[1], step[0] === "pause");
        break;
      case "limit":
        await broker.limitQueue(step[1], step[2]);
        model.limit(step[1], step[2]);
        break;
      case "purge":
        assertEquals(await broker.purge(step[1]), model.purge(step[1]));
        break;
      case "promote": {
        const isNext = await broker.promote() !== null;
        assertEquals(isNext, model.promote() ?? isNext);
        this.#woken.set("", isNext);
        break;
      }
      case "compare":
        await this.#compare();
    }
  }

  #find(worker: string, { nth, whose, tokenOff }: Target): { id: string; token: number } {
    const held = this.#model.held(worker);
    const among = whose === "own" && held.length > 0 ? held : [...this.#model.tasks.values()];
    const task = among[nth % among.length];
    return { id: task?.given.id ?? "unknown", token: (task?.seen.deliveries ?? 0) + tokenOff };
  }

  async #compare(): Promise<void> {
    const [broker, model] = [this.#broker, this.#model];
    const tasks = await firstTasks(broker, { limit: 100 });
    assertEquals(tasks.map(seen), model.list());
    for (const task of tasks) assertEquals(await broker.get(task.task_id), task);
    for (const state of STATES) {
      const tasks = await firstTasks(broker, { state, limit: 100 });
      const isOrdered = isReady(state) && !model.isAnyOrder;
      const ordered = (list: Seen[]) => isOrdered ? list : sorted(list, "task_id");
      assertEquals(ordered(tasks.map(seen)), ordered(model.list(state)));
    }
    assertEquals(await broker.queues(), sorted(model.queues(), "name"));
    const workers = (await broker.workers()).map(({ name, active }) => ({ name, active }));
    assertEquals(sorted(workers, "name"), sorted(model.workers(), "name"));
    const { enqueued, outcomes } = await broker.stats();
    const counts = new Map(enqueued > 0 ? [["enqueued", enqueued]] : []);
    for (const { outcome, queue, name, count } of outcomes) {
      counts.set(`${outcome} ${queue} ${name}`, count);
    }
    assertEquals(counts, model.counts);
    assertEquals(await this.look(), []);
    await this.#compareNews();
  }

  async #compareNews(): Promise<void> {
    const { events, revoked, tasks } = this.#model;
    await this.#hear();
    assertEquals(this.#gaps, 0);
    for (const id of new Set(events.map(({ task_id }) => task_id))) {
      const heard = this.#heard.filter(({ task_id }) => task_id === id);
      assertEquals(heard.map(seenEvent), events.filter(({ task_id }) => task_id === id));
      const life = heard.slice(heard.findLastIndex(({ seq }) => seq === 1));
      assertEquals(await this.#broker.events(id, 0), tasks.has(id) ? life : null);
    }
    assertEquals(this.#revoked.toSorted(), revoked.toSorted());
  }

  /** Waits until the other broker has told all that it has to. */
  async #hear(): Promise<void> {
    const { events, revoked } = this.#model;
    const queues = this.#model.queues();
    const awaited = QUEUES.filter((name) => this.#model.isClaimable(name));
    if (queues.some(({ scheduled }) => scheduled > 0)) awaited.push("");
    await until(
      () =>
        this.#heard.length >= events.length && this.#revoked.length >= revoked.length &&
        awaited.every((name) => this.#woken.get(name) ?? true),
      HEARD_WITHIN_MS,
    );
  }
}

function sorted<T, Key extends keyof T>(list: T[], by: Key): T[] {
  return list.toSorted((a, b) => a[by] < b[by] ? -1 : 1);
}

async function runOn(
  url: string,
  steps: Step[],
  look: () => Promise<string[]> = () => Promise.resolve([]),
): Promise<void> {
  const trial = new Trial(url, look);
  await trial.run(steps).finally(() => trial.close());
}

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind} broker: whatever is done to it, it does as the model`, async () => {
    await using first = await start();
    const redis = first instanceof TestRedis ? new Redis(first.url) : undefined;
    const property = fc.asyncProperty(sequence, async (steps) => {
      if (redis) {
        await redis.flushall(); // starting one takes longer than a run
        return await runOn(first.url, steps, () => wrongAccounts(redis));
      }
      await using store = await start();
      await runOn(store.url, steps);
    });
    await fc.assert(property, { numRuns }).finally(() => redis?.disconnect());
  });
}
