/** What may happen to a broker, at random, for broker_property_test.ts. All times are far away. */

import fc from "fast-check";
import type { NewTask, Outcome } from "../jobs/broker.ts";
import { PRIORITIES } from "../jobs/wire.ts";

export const WORKERS = ["u", "v", "w"];
export const QUEUES = ["a", "b"];

const FAR = { inMs: 3_600_000.5 };
/** There are not many ids, so that they come again; `nth` picks one of some tasks. */
const MAX = 24;
const nth = fc.nat(MAX);

const worker = fc.constantFrom(...WORKERS);
const queue = fc.constantFrom(...QUEUES);
const queues = fc.shuffledSubarray(QUEUES, { minLength: 1 });
const json = fc.jsonValue().map((value) => JSON.stringify(value));

const plainTask = fc.record({
  id: nth.map((n) => `t${n}`),
  name: fc.constantFrom("add", "divide"),
  args: fc.constantFrom("[1]", "[2]"),
  queue,
  priority: fc.constantFrom(...PRIORITIES),
  maxRetries: fc.nat(4),
  timeLimit: fc.constantFrom(null, 0, 1.5),
  softTimeLimit: fc.constantFrom(null, 0, 2),
});
const option = fc.oneof(
  often(12, fc.constant({})),
  often(
    4,
    fc.constantFrom({ eta: { atMs: 1 } }, { eta: FAR }, { expires: "past" }, { expires: FAR }),
  ),
  often(1, fc.constantFrom("k", "l").map((idempotencyKey) => ({ idempotencyKey }))),
);
const limited = fc.oneof(
  often(3, fc.constant({})),
  often(
    3,
    fc.record({ key: fc.constantFrom("k", "l"), limit: fc.constantFrom(1, 2) })
      .map((concurrency) => ({ concurrency })),
  ),
  // One may start, and the next not today.
  often(1, fc.constant({ rateLimit: "1/d" as const })),
  often(
    2,
    fc.record({
      key: fc.constantFrom("u", "v"),
      until: fc.constantFrom("start" as const, "end" as const, { ms: FAR.inMs }),
    }).map((unique) => ({ unique })),
  ),
  often(1, fc.constantFrom("requeue" as const, "fail" as const).map((onLost) => ({ onLost }))),
);

/** @param kinds what each may have besides what all have */
function newTasks(...kinds: fc.Arbitrary<object>[]): fc.Arbitrary<NewTask[]> {
  const task = fc.tuple(plainTask, ...kinds).map(([task, ...more]) => {
    const given = Object.assign(task, ...more);
    // Each id has a time of its own, so that those that end for it do so in a known order.
    if (given.expires === "past") given.expires = { atMs: 1 + Number(given.id.slice(1)) };
    // Where it is open whose turn it is, it is also open when a claim comes to what has expired.
    if (given.concurrency || given.rateLimit) delete given.expires;
    return given as NewTask;
  });
  return fc.array(task, { minLength: 1, maxLength: 8 });
}

const error = { type: "Error", message: "no", stack: "Error: no\n  at x" };
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  often(3, json.map((result) => ({ state: "SUCCESS" as const, result }))),
  often(1, fc.constant({ state: "FAILURE" as const, error })),
  often(
    2,
    fc.constantFrom(0, 0.4, FAR.inMs).map((delayMs) => ({
      state: "RETRY" as const,
      error,
      delayMs,
    })),
  ),
  often(1, fc.constant({ state: "PENDING" as const })),
);

const progress = fc.record({
  percent: fc.integer({ min: 0, max: 200 }).map((n) => n / 2),
  stage: fc.option(fc.string({ minLength: 1, unit: "binary" })),
  meta: fc.option(json),
});
const update = fc.record({ progress, log: fc.string({ unit: "binary" }) }, { requiredKeys: [] });

/** Of the tasks that the worker holds, or of all; under its latest token, or one that is off. */
const target = fc.record({
  nth,
  whose: fc.constantFrom("own", "own", "own", "any"),
  tokenOff: fc.constantFrom(0, 0, 0, 0, -1, 1),
});

/** Calls with what they are given. */
const calls = [
  often(6, fc.tuple(fc.constant("claim"), worker, queues, fc.nat(6))),
  often(3, fc.tuple(fc.constant("report"), worker, someOf(update))),
  often(8, fc.tuple(fc.constant("settle"), worker, someOf(outcome))),
  often(5, fc.tuple(fc.constantFrom("revoke", "retry", "forget"), nth)),
  often(3, fc.tuple(fc.constantFrom("heartbeat", "leave"), worker)),
  often(3, fc.tuple(fc.constantFrom("pause", "resume", "resume"), queue)),
  often(5, fc.tuple(fc.constantFrom("promote", "promote", "promote", "compare"))),
];
const plainStep = fc.oneof(
  often(5, fc.tuple(fc.constant("enqueue"), newTasks(option, option))),
  ...calls,
);
const concurrencyLimit = fc.constantFrom(null, 1, 2, 5);
const rateLimit = fc.constantFrom(null, null, "1/d" as const);
const flowStep = fc.oneof(
  often(5, fc.tuple(fc.constant("enqueue"), newTasks(option, limited, limited))),
  ...calls,
  often(2, fc.tuple(fc.constant("limit"), queue, fc.record({ concurrencyLimit }))),
  often(2, fc.tuple(fc.constant("limit"), queue, fc.record({ rateLimit }))),
  often(1, fc.tuple(fc.constant("purge"), queue)),
);

/** Of any length up to the longest: by itself fast-check prefers short ones. */
function anyLength<T>(step: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.noBias(fc.array(step, { maxLength: 80, size: "max" }));
}

/** Without limits the order of all that happens is known, with them only what is allowed. */
export const sequence = fc.oneof(anyLength(plainStep), anyLength(flowStep));

type Value<T> = T extends fc.Arbitrary<infer V> ? V : never;
export type Target = Value<typeof target>;
export type Step = Value<typeof plainStep> | Value<typeof flowStep>;

function often<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

function someOf<T>(what: fc.Arbitrary<T>) {
  return fc.array(fc.tuple(target, what), { minLength: 1, maxLength: 3 });
}
