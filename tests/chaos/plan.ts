/** What a run does to its processes and when: made from the seed before anything starts. */

import { Random } from "./random.ts";

export interface Options {
  seed: number;
  broker: "redis" | "sqlite";
  /** For how long faults happen and tasks are enqueued. */
  minutes: number;
  workers: number;
  servers: number;
  /** Tasks enqueued a second, on average. */
  rate: number;
}

/** What can happen to a process. `impatient` is a TERM and, a second later, a kill -9. */
export type Harm = "kill" | "stop" | "term" | "impatient";
/** What can happen to a store. `cut` and `mute` close the connections for commands and for news. */
export type Outage = "kill" | "stop" | "cut" | "mute" | "pause" | "lock";

/** `forMs`: until it is started again or goes on, where that applies. */
export type Fault =
  & { atMs: number; forMs: number }
  & (
    | { whom: "worker" | "server"; number: number; what: Harm }
    | { whom: "store"; what: Outage }
    /** As when the machine sleeps: all of them stop, the store's server too, and go on together. */
    | { whom: "everyone"; what: "sleep" }
  );

/** Leases run out after 10 s; what is stopped for less keeps its tasks. */
const BEYOND_LEASE_MS: [least: number, most: number] = [11_000, 15_000];
/** How often number 1 is meant, who is never ended. */
const SPARED = 0.1;
/** An outage of the store and what it stirs up are over after this, so that some time is calm. */
const CALM_MS = 3000;

const OUTAGES: Record<Options["broker"], [Outage, number][]> = {
  redis: [["kill", 3], ["stop", 1], ["cut", 3], ["mute", 1], ["pause", 2]],
  sqlite: [["lock", 1]],
};

/**
 * Plans the faults. Number 1 of the workers and of the servers is never ended, only stopped for less
 * than a lease: there is always someone who has seen it all.
 */
export function plan({ seed, broker, minutes, workers, servers }: Options): Fault[] {
  const random = new Random(seed);
  const faults: Fault[] = [];
  const busyUntil = new Map<string, number>();
  const end = minutes * 60_000;
  for (let atMs = 1000; atMs < end; atMs += random.whole(200, 2500)) {
    const whom = random.pick<Fault["whom"]>([
      ...[["worker", 32], ["server", 8], ["store", 8], ["everyone", 1]] as const,
    ]);
    const fault = faultOf(random, atMs, whom, { broker, workers, servers });
    const subject = nameOf(fault);
    if ((busyUntil.get(subject) ?? 0) > atMs) continue;
    busyUntil.set(subject, atMs + fault.forMs + CALM_MS);
    faults.push(fault);
  }
  return faults;
}

function faultOf(
  random: Random,
  atMs: number,
  whom: Fault["whom"],
  { broker, workers, servers }: Pick<Options, "broker" | "workers" | "servers">,
): Fault {
  if (whom === "everyone") return { atMs, whom, what: "sleep", forMs: random.whole(1000, 13_000) };
  if (whom === "store") return outage(random, atMs, random.pick(OUTAGES[broker]));
  const many = whom === "worker" ? workers : servers;
  const number = many === 1 || random.chance(SPARED) ? 1 : random.whole(2, many);
  return harm(random, atMs, whom, number);
}

function outage(random: Random, atMs: number, what: Outage): Fault {
  const longest = { kill: 2500, stop: 6000, cut: 0, mute: 0, pause: 3000, lock: 6000 }[what];
  return { atMs, whom: "store", what, forMs: random.whole(Math.min(100, longest), longest) };
}

function harm(random: Random, atMs: number, whom: "worker" | "server", number: number): Fault {
  const what: Harm = number === 1
    ? "stop"
    : random.pick([["kill", 6], ["stop", 5], ["term", 4], ["impatient", 1]]);
  const long = what === "stop" && number !== 1 && random.chance(0.4);
  const [least, most] = long ? BEYOND_LEASE_MS : [100, 3000];
  const forMs = random.whole(least, most);
  return { atMs, whom, number, what, forMs };
}

/** Whom it befalls, as people say it. */
export function nameOf(fault: Fault): string {
  if (fault.whom === "everyone") return "everyone";
  return fault.whom === "store" ? "the store" : `${fault.whom} ${fault.number}`;
}

const WORDS: Record<Fault["what"], string> = {
  kill: "kill -9, started again after",
  stop: "stopped for",
  term: "TERM, and when it has ended started again after",
  impatient: "TERM, kill -9 a second later, started again after",
  cut: "all connections for commands closed",
  mute: "all connections for news closed",
  pause: "answers nobody for",
  sleep: "stopped, as when the machine sleeps, for",
  lock: "locked by another for",
};

export function describe(fault: Fault): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const long = fault.forMs > 0 ? ` ${seconds(fault.forMs)} s` : "";
  return `${seconds(fault.atMs).padStart(7)} s  ${nameOf(fault).padEnd(9)}  ${
    WORDS[fault.what]
  }${long}`;
}
