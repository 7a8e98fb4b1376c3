/** What a worker has to tell goes out in bounded batches, once, whatever is in its way. */

import { assert, assertEquals } from "@std/assert";
import type { Broker, Outcome, Settlement } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Outbox } from "../jobs/outbox.ts";
import { faulty } from "./faulty_broker.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { until } from "./until.ts";

const SUCCESS: Outcome = { state: "SUCCESS", result: "1" };

/** A broker with claimed tasks, and what an outbox on it was told. */
class Trial implements AsyncDisposable {
  readonly inner = connectBroker("sqlite::memory:");
  readonly settled: { id: string; accepted: boolean; again: boolean }[] = [];
  readonly errors: unknown[] = [];

  outbox(broker: Broker = this.inner): Outbox {
    return new Outbox(broker, "w", {
      onSettled: ({ id }, accepted, again) => this.settled.push({ id, accepted, again }),
      onRefused() {},
      onError: (error) => this.errors.push(error),
    });
  }

  async claim(count: number): Promise<{ id: string; token: number }[]> {
    const tasks = Array.from({ length: count }, () => fixtures.echo.prepare([1]));
    await this.inner.enqueue(await Promise.all(tasks));
    return await this.inner.claim("w", ["default"], count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.inner.close();
  }
}

/** Passes on settlements that have been looked at. */
function watching(inner: Broker, look: (settlements: Settlement[]) => void): Broker {
  return new Proxy(inner, {
    get(target, property) {
      const value = Reflect.get(target, property, target);
      if (property !== "settle") return value;
      return async (worker: string, settlements: Settlement[]) => {
        look(settlements);
        return await target.settle(worker, settlements);
      };
    },
  });
}

Deno.test("a batch has at most 500 settlements, and at most 4 MiB of results", async () => {
  await using trial = new Trial();
  const sizes: number[] = [];
  const outbox = trial.outbox(watching(trial.inner, ({ length }) => sizes.push(length)));
  const claims = await trial.claim(1210);
  const large: Outcome = { state: "SUCCESS", result: JSON.stringify("x".repeat(1_000_000)) };
  claims.forEach((claim, i) => outbox.settle({ ...claim, outcome: i < 10 ? large : SUCCESS }));
  assert(!outbox.isFull);
  await outbox.close(10_000);
  assertEquals(sizes, [4, 4, 500, 500, 202]);
  assertEquals(trial.settled.filter(({ accepted }) => accepted).length, 1210);
});

Deno.test("what is settled twice is sent once, and an answer that was lost is told as such", async () => {
  await using trial = new Trial();
  const faults = ["after" as const];
  const { broker } = faulty(trial.inner, () => faults.shift() ?? "none");
  const outbox = trial.outbox(broker);
  const [claim] = await trial.claim(1);
  assert(claim);
  for (let time = 1; time <= 3; time++) outbox.settle({ ...claim, outcome: SUCCESS });
  await until(() => trial.settled.length > 0);
  await outbox.close(1000);
  assertEquals(trial.settled, [{ id: claim.id, accepted: false, again: true }]);
  assertEquals((await trial.inner.get(claim.id))?.status, "SUCCESS");
});

Deno.test("of two claims of a task only the later is settled, whatever its number", async () => {
  await using trial = new Trial();
  const outbox = trial.outbox();
  const [claim] = await trial.claim(1);
  assert(claim);
  const { id, token } = claim;
  for (const each of [token - 1, token + 1, token, token]) {
    outbox.settle({ id, token: each, outcome: SUCCESS });
  }
  await outbox.close(1000);
  assertEquals(trial.settled, [{ id, accepted: true, again: false }]);
});

Deno.test("it is full while a broker that is away leaves it too much", async () => {
  await using trial = new Trial();
  let away = true;
  const { broker } = faulty(trial.inner, () => away ? "before" : "none");
  const outbox = trial.outbox(broker);
  const result = "x".repeat(1024 * 1024);
  for (const claim of await trial.claim(64)) {
    assert(!outbox.isFull);
    outbox.settle({ ...claim, outcome: { state: "SUCCESS", result } });
  }
  assert(outbox.isFull);
  away = false;
  await until(() => trial.settled.length === 64);
  assert(!outbox.isFull);
  await outbox.close(1000);
});

Deno.test("what the broker cannot take at all holds up nothing else, and is let go", async () => {
  await using trial = new Trial();
  const [bad, good] = await trial.claim(2);
  assert(bad && good);
  const outbox = trial.outbox(watching(trial.inner, (settlements) => {
    if (settlements.some(({ id }) => id === bad.id)) throw new RangeError("too strange");
  }));
  for (const claim of [bad, good]) outbox.settle({ ...claim, outcome: SUCCESS });
  await until(() => trial.settled.length === 2);
  await outbox.close(1000);
  assertEquals(trial.settled.map(({ id, accepted }) => [id, accepted]), [
    [bad.id, false],
    [good.id, true],
  ]);
  assertEquals(trial.errors.map(String), ["RangeError: too strange"]);
});
