import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { z } from "zod";
import {
  InvalidArgumentsError,
  InvalidDefinitionError,
  InvalidOptionError,
} from "../jobs/errors.ts";
import type { FlowOptions, FlowPolicy } from "../jobs/flow.ts";
import { defineTask } from "../jobs/task.ts";
import type { Rate } from "../jobs/wire.ts";

interface Order {
  customer: string;
  lines?: unknown;
}

const define = (policy: FlowPolicy<Order>, name = "order") =>
  defineTask({
    name,
    input: z.object({ customer: z.string(), lines: z.unknown().optional() }),
    ...policy,
    run: () => null,
  });

const order = (
  policy: FlowPolicy<Order>,
  call: FlowOptions = {},
  args: unknown = { customer: "a" },
) => define(policy).prepare(args, call);

const uniqueKey = async (args: unknown, call: FlowOptions = { unique: "end" }, name = "order") =>
  (await define({}, name).prepare(args, call)).unique?.key;

Deno.test("a task without flow control tells the broker nothing of it", async () => {
  const { unique, concurrency, rateLimit, onLost } = await order({});
  assertEquals([unique, concurrency, rateLimit, onLost], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("the key of a unique task is of its name and its arguments, in any order of their fields", async () => {
  const one = await uniqueKey({ customer: "a", lines: [{ x: 1, y: { 2: "b", 1: "a" } }] });
  const same = await uniqueKey({ lines: [{ y: { 1: "a", 2: "b" }, x: 1 }], customer: "a" });
  assertEquals(one, same);
  assertMatch(one ?? "", /^order:[0-9a-f]{64}$/);
  const others = [
    uniqueKey({ customer: "b", lines: [{ x: 1, y: { 2: "b", 1: "a" } }] }),
    uniqueKey({ customer: "a", lines: [{ x: 1, y: { 2: "b", 1: "a" } }, null] }),
    uniqueKey({ customer: "a", lines: [{ x: "1", y: { 2: "b", 1: "a" } }] }),
    uniqueKey({ customer: "a", lines: [{ x: 1, y: { 2: "b", 1: "a" } }] }, undefined, "other"),
  ];
  for (const other of await Promise.all(others)) assertNotEquals(one, other);
});

Deno.test("unique and its key come from the call, else from the definition", async () => {
  const byCustomer: FlowPolicy<Order> = { unique: "end", uniqueKey: ({ customer }) => customer };
  assertEquals((await order(byCustomer)).unique, { key: "order:a", until: "end" });
  assertEquals((await order(byCustomer, { unique: "start", uniqueKey: "k" })).unique, {
    key: "order:k",
    until: "start",
  });
  assertEquals((await order(byCustomer, { unique: 1.5 })).unique, {
    key: "order:a",
    until: { ms: 1500 },
  });
  assertEquals((await order({ unique: 60, uniqueKey: () => null })).unique, undefined);
});

Deno.test("a concurrency key comes with a limit, of the call, of the definition, or 1", async () => {
  const byCustomer = { concurrencyKey: ({ customer }: Order) => customer };
  assertEquals((await order(byCustomer)).concurrency, { key: "a", limit: 1 });
  assertEquals((await order({ ...byCustomer, concurrencyLimit: 3 })).concurrency, {
    key: "a",
    limit: 3,
  });
  assertEquals(
    (await order({ ...byCustomer, concurrencyLimit: 3 }, {
      concurrencyKey: "b",
      concurrencyLimit: 2,
    }))
      .concurrency,
    { key: "b", limit: 2 },
  );
  assertEquals((await order({}, { concurrencyKey: "b" })).concurrency, { key: "b", limit: 1 });
  assertEquals((await order({ concurrencyKey: () => null })).concurrency, undefined);
});

Deno.test("rate and loss are the definition's", async () => {
  const { rateLimit, onLost } = await order({ rateLimit: "10/m", onLost: "fail" });
  assertEquals([rateLimit, onLost], ["10/m", "fail"]);
});

const NUL = "a\0b";
const LONG = "k".repeat(256);

Deno.test("options of a call that make no sense are refused", async () => {
  const cases: [call: FlowOptions, complaint: RegExp][] = [
    [{ unique: "always" as "end" }, /^unique must be "start", "end" or seconds .*, not always$/],
    [{ unique: 0 }, /^unique must be .* not 0$/],
    [{ unique: true as unknown as "end" }, /^unique must be .* not true$/],
    [{ unique: -1 }, /^unique must be/],
    [{ unique: NaN }, /^unique must be/],
    [{ unique: 367 * 24 * 3600 }, /seconds from 0.001 to 31622400, not 31708800$/],
    [{ unique: "end", uniqueKey: "" }, /^unique_key must have 1 to 255 characters/],
    [{ unique: "end", uniqueKey: LONG }, /^unique_key must have/],
    [{ unique: "end", uniqueKey: NUL }, /^unique_key must have .* none of them NUL$/],
    [{ uniqueKey: "k" }, /^unique_key needs unique/],
    [{ concurrencyKey: "" }, /^concurrency_key must have/],
    [{ concurrencyKey: LONG }, /^concurrency_key must have/],
    [{ concurrencyKey: NUL }, /^concurrency_key must have/],
    [{ concurrencyKey: "k", concurrencyLimit: 0 }, /^concurrency_limit must be a whole number/],
    [{ concurrencyKey: "k", concurrencyLimit: 1.5 }, /^concurrency_limit must be a whole number/],
    [{ concurrencyKey: "k", concurrencyLimit: 1e7 }, /from 1 to 1000000, not 10000000$/],
    [{ concurrencyLimit: 2 }, /^concurrency_limit needs a concurrency_key/],
  ];
  for (const [call, complaint] of cases) {
    assertMatch((await assertRejects(() => order({}, call), RangeError)).message, complaint);
  }
});

Deno.test("a call with an option that does not exist is refused before it needs a broker", async () => {
  const call = { rateLimit: "1/s" } as FlowOptions;
  const error = await assertRejects(
    () => define({}).applyAsync({ customer: "a" }, call),
    RangeError,
  );
  assertMatch(error.message, /^rateLimit is not known; there are queue, priority, /);
});

Deno.test("keys that a definition makes of the arguments are checked", async () => {
  const wrong: [key: unknown, rule: string][] = [
    ["", "must have 1 to 255 characters"],
    [LONG, "must have"],
    [NUL, "none of them NUL"],
    [5, "must be a text, not of type number"],
    [Promise.resolve("k"), "must be a text, not of type object"],
  ];
  for (const [key, rule] of wrong) {
    const answer = () => key as string;
    const unique = () => order({ unique: "end", uniqueKey: answer });
    const [one, other] = [
      await assertRejects(unique, InvalidOptionError, rule),
      await assertRejects(() => order({ concurrencyKey: answer }), InvalidOptionError, rule),
    ];
    assertMatch(one.message, /^unique_key cannot be made: uniqueKey of task "order" answered/);
    assertMatch(other.message, /^concurrency_key cannot be made: concurrencyKey of task "order"/);
  }
  const slip = () => {
    throw new TypeError("a slip");
  };
  await assertRejects(
    () => order({ unique: "end", uniqueKey: slip }),
    InvalidOptionError,
    'unique_key cannot be made: uniqueKey of task "order" failed with TypeError: a slip',
  );
  await assertRejects(
    () => order({ concurrencyKey: slip }),
    InvalidOptionError,
    'concurrencyKey of task "order" failed with TypeError: a slip',
  );
  const deep = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
  const compared = () => uniqueKey({ customer: "a", lines: deep });
  assertMatch((await assertRejects(compared, InvalidArgumentsError)).message, /give a unique_key/);
  assertEquals(
    await uniqueKey({ customer: "a", lines: deep }, { unique: "end", uniqueKey: "k" }),
    "order:k",
  );
});

Deno.test("a definition that makes no sense is refused when it is made", () => {
  const cases: [policy: FlowPolicy<Order>, complaint: RegExp][] = [
    [{ unique: 0 }, /^Task "order": unique must be/],
    [{ uniqueKey: () => "k" }, /uniqueKey needs unique/],
    [{ concurrencyLimit: 2 }, /concurrencyLimit needs a concurrencyKey/],
    [{ concurrencyKey: () => "k", concurrencyLimit: 0 }, /concurrencyLimit must be/],
    [{ onLost: "ignore" as "fail" }, /onLost must be requeue or fail, not ignore/],
    ...["10", "0/m", "-1/m", "10/w", "ten/m", "1e9/s", "", "/m", "10 /m", "200000/s", "0.001/d"]
      .map(
        (
          rate,
        ): [FlowPolicy<Order>, RegExp] => [
          { rateLimit: rate as Rate },
          /rateLimit must be a rate/,
        ],
      ),
  ];
  for (const [policy, complaint] of cases) {
    assertMatch(assertThrows(() => define(policy), InvalidDefinitionError).message, complaint);
  }
  for (const rateLimit of ["1/s", "0.5/m", "100000/s", "10/h", "1/d"] as const) {
    define({ rateLimit });
  }
});
