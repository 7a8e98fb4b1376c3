/** Samples: the totals of one moment. What happened between two moments is the difference. */

import type { Duty } from "../lib/ticker.ts";
import type { Broker, QueueState } from "./broker.ts";
import { brokerDuty } from "./broker_duty.ts";
import { SAMPLE_EVERY_MS, type StoredSample } from "./history_store.ts";
import { DURATION_BUCKETS, type Histogram, type Stats, type WorkerInfo } from "./wire.ts";

/** Queues that one sample names: those with the most tasks. */
export const MAX_QUEUES = 50;

/** Those who were not first look again a little later: they need not come all at once. */
const SPREAD_MS = 2000;

/** Short, as thousands are kept. Numbers are totals unless it is said otherwise. */
export interface Sample {
  enqueued: number;
  succeeded: number;
  failed: number;
  revoked: number;
  retried: number;
  /** By DURATION_BUCKETS, of all task names together. */
  wait: number[];
  run: number[];
  /** As they were at that moment, but for the last. */
  queues: { [name: string]: [waiting: number, scheduled: number, active: number, ended: number] };
  /** At that moment. */
  workers: number;
  slots: number;
  busy: number;
}

/** Takes a sample now and then; of all processes that have this duty one does. */
export function sampleDuty(broker: Broker): Duty {
  return brokerDuty("sample", SAMPLE_EVERY_MS + SPREAD_MS, async () => {
    const { at, waitMs } = await broker.samples.begin();
    if (at === null) return waitMs + Math.random() * SPREAD_MS;
    await broker.samples.put({ at, body: JSON.stringify(await takeSample(broker)) });
    return waitMs;
  });
}

export function parseSample({ at, body }: StoredSample): Sample & { at: number } {
  return { at, ...JSON.parse(body) as Sample };
}

/** Reads the totals of this moment. */
export async function takeSample(broker: Broker): Promise<Sample> {
  const [stats, queues, workers] = await Promise.all([
    broker.stats(),
    broker.queues(),
    broker.workers(),
  ]);
  return toSample(stats, queues, workers);
}

function toSample(stats: Stats, queues: QueueState[], workers: WorkerInfo[]): Sample {
  const total = (wanted: string) =>
    sum(stats.outcomes.map(({ outcome, count }) => outcome === wanted ? count : 0));
  const ended = new Map<string, number>();
  for (const { queue, outcome, count } of stats.outcomes) {
    if (outcome !== "RETRY") ended.set(queue, (ended.get(queue) ?? 0) + count);
  }
  const named = queues.map(({ name, waiting, scheduled, active }) =>
    [name, [waiting, scheduled, active, ended.get(name) ?? 0]] as const
  );
  named.sort(([, a], [, b]) => sum(b) - sum(a));
  return {
    enqueued: stats.enqueued,
    succeeded: total("SUCCESS"),
    failed: total("FAILURE"),
    revoked: total("REVOKED"),
    retried: total("RETRY"),
    wait: merged(stats.wait_time),
    run: merged(stats.run_time),
    queues: Object.fromEntries(named.slice(0, MAX_QUEUES)) as Sample["queues"],
    workers: workers.length,
    slots: sum(workers.map(({ concurrency }) => concurrency)),
    busy: sum(workers.map(({ active }) => active)),
  };
}

/** One histogram of several. */
function merged(histograms: Histogram[]): number[] {
  return Array.from(
    { length: DURATION_BUCKETS.length + 1 },
    (_, i) => sum(histograms.map(({ buckets }) => buckets[i] ?? 0)),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
