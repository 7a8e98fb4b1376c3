import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { z } from "zod";
import type { Outcome } from "../jobs/broker.ts";
import { Context } from "../jobs/context.ts";
import { InvalidDefinitionError, Reject, Retry } from "../jobs/errors.ts";
import { execute } from "../jobs/execute.ts";
import { MAX_SECONDS } from "../jobs/options.ts";
import { Registry } from "../jobs/registry.ts";
import type { RetryPolicy } from "../jobs/retry.ts";
import { defineTask } from "../jobs/task.ts";

class Busy extends Error {
  override name = "Busy";
}
class Gone extends Busy {
  override name = "Gone";
}

const define = (policy: RetryPolicy, thrown: unknown) =>
  defineTask({
    name: "failing",
    input: z.tuple([]),
    ...policy,
    run() {
      throw thrown;
    },
  });

/** Runs a task that throws this, as a worker would, after so many retries. */
function run(policy: RetryPolicy, thrown: unknown, retries = 0): Promise<Outcome> {
  const job = {
    id: "1",
    token: 1,
    name: "failing",
    args: "[]",
    queue: "default",
    attempt: 1,
    retries,
    maxRetries: policy.maxRetries ?? 3,
    timeLimit: null,
    softTimeLimit: null,
    onLost: "requeue",
  } as const;
  const context = new Context(job, () => {});
  return execute(new Registry([define(policy, thrown)]), job, context);
}

/** Milliseconds until the retry, or null for a failure that is final. */
async function delay(policy: RetryPolicy, thrown: unknown, retries = 0): Promise<number | null> {
  const outcome = await run(policy, thrown, retries);
  return outcome.state === "RETRY" ? outcome.delayMs : null;
}

const exactly = { retryJitter: false, retryBackoff: 2 };

Deno.test("a failure is retried if autoretryFor has its class and dontAutoretryFor has not", async () => {
  const cases: [policy: RetryPolicy, thrown: unknown, retried: boolean][] = [
    [{}, new Busy(), false],
    [{ autoretryFor: [Busy] }, new Busy(), true],
    [{ autoretryFor: [Busy] }, new Gone(), true],
    [{ autoretryFor: [Gone] }, new Busy(), false],
    [{ autoretryFor: [Busy], dontAutoretryFor: [Gone] }, new Busy(), true],
    [{ autoretryFor: [Busy], dontAutoretryFor: [Gone] }, new Gone(), false],
    [{ autoretryFor: true, dontAutoretryFor: [Busy] }, new Gone(), false],
    [{ autoretryFor: true, dontAutoretryFor: [Busy] }, "text", true],
    [{ autoretryFor: true }, new Reject("never"), false],
    [{ dontAutoretryFor: [Retry] }, new Retry(), true],
    [{ maxRetries: 0, autoretryFor: true }, new Busy(), false],
  ];
  for (const [policy, thrown, retried] of cases) {
    assertEquals(await delay(policy, thrown) !== null, retried, `${thrown}`);
  }
});

Deno.test("the backoff doubles up to its maximum, and jitter is anything up to that", async () => {
  const policy = { autoretryFor: true, maxRetries: 1000, retryBackoffMax: 10 } as const;
  for (const [retries, ms] of [[0, 2000], [1, 4000], [2, 8000], [3, 10_000], [999, 10_000]]) {
    assertEquals(await delay({ ...policy, ...exactly }, new Busy(), retries), ms);
  }
  const waits: number[] = [];
  for (let i = 0; i < 300; i++) {
    waits.push(await delay({ ...policy, retryBackoff: 2 }, new Busy(), 1) ?? NaN);
  }
  assert(waits.every((ms) => ms >= 0 && ms <= 4000), "from nothing to the doubled step");
  assert(Math.min(...waits) < 1000 && Math.max(...waits) > 3000, "all of it");
});

Deno.test("a task's own retry waits as long as it says, or as its policy says", async () => {
  assertEquals(await delay(exactly, new Retry({ countdown: 7 })), 7000);
  assertEquals(await delay(exactly, new Retry({ countdown: -7 })), 0);
  assertEquals(await delay(exactly, new Retry({ countdown: 1e300 })), MAX_SECONDS * 1000);
  for (const countdown of [NaN, Infinity]) {
    assertEquals(await delay(exactly, new Retry({ countdown })), 2000);
  }
  assertEquals(await delay({ retryDelay: 180 }, new Retry()), 180_000);
  assertEquals(await delay({ retryDelay: () => null }, new Retry()), null);
});

Deno.test("retryDelay stands instead of the backoff: seconds, or a function of the failure", async () => {
  assertEquals(await delay({ autoretryFor: true, retryDelay: 0.5 }, new Busy(), 2), 500);
  assertEquals(await delay({ retryDelay: 0.5 }, new Busy()), null);
  const asked: unknown[] = [];
  const policy: RetryPolicy = {
    autoretryFor: [Busy],
    maxRetries: 5,
    retryDelay(retries, error) {
      asked.push([retries, error]);
      return error instanceof Gone ? null : (retries + 1) * 10;
    },
  };
  const [busy, gone] = [new Busy(), new Gone()];
  assertEquals(await delay(policy, busy, 4), 50_000);
  assertEquals(await delay(policy, gone, 1), null);
  assertEquals(asked, [[4, busy], [1, gone]]);
  assertEquals(await delay(policy, new TypeError()), null);
  assertEquals(await delay(policy, busy, 5), null);
  assertEquals(asked.length, 2);
});

Deno.test("what retryDelay answers has bounds, and its own failure is said with the task's", async () => {
  const answer = (value: unknown) =>
    run({ autoretryFor: true, retryDelay: () => value as number }, new Busy("no line is free"));
  for (const [value, least, most] of [[-5, 0, 0], [1e300, MAX_SECONDS, MAX_SECONDS]]) {
    const outcome = await answer(value);
    assert(outcome.state === "RETRY", `${value}`);
    assert(outcome.delayMs >= (least ?? 0) * 1000 && outcome.delayMs <= (most ?? 0) * 1000);
  }
  for (const value of [undefined, NaN, Infinity, "10", Promise.resolve(10)]) {
    const outcome = await answer(value);
    assert(outcome.state === "FAILURE", `${value}`);
    assertMatch(
      outcome.error.message,
      /^retryDelay failed with TypeError: it answered .*, not seconds or null; .* Busy: no line is free$/,
    );
  }
  const thrown = await run({
    autoretryFor: true,
    retryDelay() {
      throw new SyntaxError("a slip");
    },
  }, new Busy("no line is free"));
  assert(thrown.state === "FAILURE");
  assertMatch(thrown.error.message, /SyntaxError: a slip; .* Busy: no line is free$/);
});

Deno.test("an error without a name of its own has its class as its type", async () => {
  class Unnamed extends Error {}
  const type = async (thrown: unknown) => {
    const outcome = await run({}, thrown);
    return outcome.state === "FAILURE" && outcome.error.type;
  };
  assertEquals(await type(new Unnamed("busy")), "Unnamed");
  assertEquals(await type(new (class extends Unnamed {})("busy")), "Error");
  assertEquals(await type(new Busy()), "Busy");
  assertEquals(await type(new TypeError()), "TypeError");
  assertEquals(await type(new Error()), "Error");
  assertEquals(await type(Object.assign(new Unnamed(), { constructor: null })), "Error");
});

Deno.test("a definition that makes no sense is refused when it is made", () => {
  const cases: [policy: RetryPolicy, complaint: RegExp][] = [
    [{ maxRetries: -1 }, /^Task "failing": maxRetries must be from 0 to 1000, not -1$/],
    [{ maxRetries: 1.5 }, /maxRetries must be a whole number/],
    [{ retryBackoff: -1 }, /retryBackoff must be from 0/],
    [{ retryBackoffMax: NaN }, /retryBackoffMax must be from 0 .* not NaN/],
    [{ autoretryFor: ["Error"] as never }, /autoretryFor must be a list of error classes/],
    [
      { autoretryFor: [Busy], dontAutoretryFor: true as never },
      /dontAutoretryFor must be a list/,
    ],
    [
      { maxRetry: 3 } as RetryPolicy,
      /^Task "failing": maxRetry is not known; there are name, .*maxRetries/,
    ],
    [{ retryDelay: 1e12 }, /retryDelay must be from 0/],
    [{ retryDelay: 1, retryBackoff: 1 }, /retryDelay stands instead of retryBackoff/],
    [{ retryDelay: () => 1, retryJitter: false }, /leave these out/],
  ];
  for (const [policy, complaint] of cases) {
    assertMatch(
      assertThrows(() => define(policy, null), InvalidDefinitionError).message,
      complaint,
    );
  }
});
