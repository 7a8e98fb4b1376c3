/** The tasks of a run: what is enqueued, when, by which way, and what may come of it. */

import type { Priority, ReadyState } from "../../jobs/wire.ts";
import { LIMITED_QUEUE } from "./flow.ts";
import { Random } from "./random.ts";

/** How a task gets in: alone with an Idempotency-Key, with others, or through a broker of one's own. */
export type Way = "http" | "batch" | "broker";

export interface Call {
  /** Its number in the load. */
  n: number;
  name: "webhook" | "count_primes" | "long_running_task";
  /** Of a webhook: what the recorder does with it, as a query. */
  order: Record<string, number>;
  args: number[];
  priority?: Priority;
  countdown?: number;
  expires?: number;
  /** It is revoked so long after it was accepted. */
  revokeAfterMs?: number;
  queue?: string;
  concurrency?: { key: string; limit: number };
  unique?: { key: string; until: "start" | "end" | number };
  /** Not even when its worker is lost. */
  neverTwice?: true;
  /** How it may end, whatever befalls it; besides this, its workers may be lost three times. */
  ends: ReadyState[];
}

/** Calls that belong together: one, or a batch. */
export interface Group {
  atMs: number;
  way: Way;
  calls: Call[];
}

type Kind = Omit<Call, "n" | "priority">;

const KINDS: [make: (random: Random) => Kind, weight: number][] = [
  [(random) => webhook({ ms: random.whole(0, 20) }), 46],
  [(random) => webhook({ ms: random.whole(1000, 8000) }), 6],
  [(random) => webhook({ fail: random.whole(1, 2), after: random.whole(0, 1) }), 10],
  [() => ({ ...webhook({ status: 400 }), ends: ["FAILURE"] }), 4],
  [(random) => ({ ...webhook({}), countdown: random.whole(300, 8000) / 1000 }), 10],
  [(random) => ({ ...revocable(random), countdown: random.whole(0, 2000) / 1000 }), 3],
  [revocable, 4],
  [(random) => ({
    ...webhook({}),
    expires: random.whole(100, 2000) / 1000,
    ends: ["SUCCESS", "REVOKED"],
  }), 3],
  [inTurn, 8],
  [alone, 6],
  [(random) => ({ ...webhook({ ms: random.whole(50, 800) }), queue: LIMITED_QUEUE }), 4],
  [(random) => ({ ...webhook({ ms: random.whole(100, 3000) }), neverTwice: true }), 2],
  [(random) => local("count_primes", random.whole(1, 3_000_000)), 9],
  [(random) => local("long_running_task", random.whole(50, 1000) / 1000), 5],
];

/** What a batch holds besides its size: short tasks, so that a burst is over soon. */
const BATCH = { least: 5, most: 60, weight: 0.02 };

/** The load in the order of its times, without end. */
export function* load(seed: number, rate: number): Generator<Group> {
  const random = new Random(seed ^ 0x5bd1e995); // not the numbers that the faults have
  const perGroup = 1 + BATCH.weight * (BATCH.least + BATCH.most) / 2;
  let n = 0;
  for (let atMs = 0;; atMs += -Math.log(1 - random.next()) * perGroup / rate * 1000) {
    if (random.chance(BATCH.weight)) {
      const size = random.whole(BATCH.least, BATCH.most);
      const calls = Array.from({ length: size }, () => ({ n: ++n, ...webhook({ ms: 1 }) }));
      yield { atMs, way: "batch", calls };
      continue;
    }
    const call: Call = { n: ++n, ...random.pick(KINDS)(random) };
    if (random.chance(0.2)) call.priority = random.chance(0.5) ? "high" : "low";
    // What does not name the recorder has no mark but its id, so its id must be ours.
    const byHttp = call.name === "webhook" && !call.neverTwice && random.chance(0.6);
    const way = byHttp ? "http" : "broker";
    yield { atMs, way, calls: [call] };
  }
}

function webhook(order: Record<string, number>): Kind {
  return { name: "webhook", order, args: [], ends: ["SUCCESS"] };
}

function revocable(random: Random): Kind {
  return {
    ...webhook({ ms: random.whole(500, 3000) }),
    revokeAfterMs: random.whole(0, 2500),
    ends: ["SUCCESS", "REVOKED"],
  };
}

/** With one of three keys, whose tasks take turns: one, two or three at a time. */
function inTurn(random: Random): Kind {
  const limit = random.whole(1, 3);
  const concurrency = { key: `customer-${limit}`, limit };
  return { ...webhook({ ms: random.whole(20, 400) }), concurrency };
}

/** With a key that keeps others out. */
function alone(random: Random): Kind {
  const until = random.pick<"start" | "end" | number>([["start", 1], ["end", 1], [1.5, 1]]);
  const unique = { key: `${until}-${random.whole(1, 3)}`, until };
  return { ...webhook({ ms: random.whole(0, 300) }), unique };
}

function local(name: "count_primes" | "long_running_task", argument: number): Kind {
  return { name, order: {}, args: [argument], ends: ["SUCCESS"] };
}

/** What a call takes as its arguments. */
export function argsOf(call: Call, recorder: string): unknown {
  if (call.name !== "webhook") return call.args;
  return { url: `${recorder}/${call.n}`, body: call.order };
}
