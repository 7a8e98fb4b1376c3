/** What may happen to a broker, at random, for broker_property_test.ts. All times are far away. */

import fc from "fast-check";
import type { NewTask, Outcome } from "../jobs/broker.ts";
import { PRIORITIES } from "../jobs/wire.ts";

export const WORKERS = ["u", "v", "w"];
export const QUEUES = ["a", "b"];

const FAR = { inMs: 3_600_000.5 };
const PAST = { atMs: 1 };
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
  often(4, fc.constantFrom({ eta: PAST }, { eta: FAR }, { expires: PAST }, { expires: FAR })),
  often(1, fc.constantFrom("k", "l").map((idempotencyKey) => ({ idempotencyKey }))),
);
const newTask: fc.Arbitrary<NewTask> = fc.tuple(plainTask, option, option)
  .map(([task, ...more]) => Object.assign(task, ...more));

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
const step = fc.oneof(
  often(5, fc.tuple(fc.constant("enqueue"), fc.array(newTask, { minLength: 1, maxLength: 8 }))),
  often(6, fc.tuple(fc.constant("claim"), worker, queues, fc.nat(6))),
  often(3, fc.tuple(fc.constant("report"), worker, someOf(update))),
  often(8, fc.tuple(fc.constant("settle"), worker, someOf(outcome))),
  often(5, fc.tuple(fc.constantFrom("revoke", "retry", "forget"), nth)),
  often(3, fc.tuple(fc.constantFrom("heartbeat", "leave"), worker)),
  often(3, fc.tuple(fc.constantFrom("pause", "resume", "resume"), queue)),
  often(5, fc.tuple(fc.constantFrom("promote", "promote", "promote", "compare"))),
);

/** Of any length up to the longest: by itself fast-check prefers short ones. */
export const sequence = fc.noBias(fc.array(step, { maxLength: 80, size: "max" }));

type Value<T> = T extends fc.Arbitrary<infer V> ? V : never;
export type Target = Value<typeof target>;
export type Step = Value<typeof step>;

function often<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

function someOf<T>(what: fc.Arbitrary<T>) {
  return fc.array(fc.tuple(target, what), { minLength: 1, maxLength: 3 });
}
