/** A store with a broker on it and processes around it, for measuring. */

import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Program } from "../tests/program.ts";
import type { TestStore } from "../tests/stores.ts";
import { until } from "../tests/until.ts";
import type { Bench } from "./scenario.ts";

const QUIET = { TASKAPP_LOGLEVEL: "error" };

export interface Site extends AsyncDisposable {
  kind: string;
  store: TestStore;
  broker: Broker;
  start(...args: string[]): Program;
}

export async function startSite(kind: string, start: () => Promise<TestStore>): Promise<Site> {
  return openSite(kind, await start());
}

export function openSite(kind: string, store: TestStore): Site {
  const broker = connectBroker(store.url);
  return {
    kind,
    store,
    broker,
    start: (...args) => Program.start(args, { ...QUIET, TASKAPP_BROKER: store.url }, store.cwd),
    async [Symbol.asyncDispose]() {
      await broker.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** The Redis of a scenario, which outlives a measurement. */
export function theirRedis({ redis: { url } }: Bench): TestStore {
  return { url, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Half of all, all but one in a hundred, and all of the values lie below these. */
export function percentiles(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return [0.5, 0.99, 1].map((part) => (at(part) ?? NaN).toFixed(1)).join(" / ") + " ms";
}

/** Waits until there are so many workers, however busy the machine is. */
export function workers({ broker }: Site, count: number): Promise<void> {
  return until(async () => (await broker.workers()).length === count, 60_000);
}
