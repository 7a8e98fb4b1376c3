/** What happened over time, read from samples. */

import type { Broker } from "./broker.ts";
import { MAX_QUEUES, parseSample, type Sample } from "./history_sample.ts";
import { SAMPLE_EVERY_MS } from "./history_store.ts";
import { iso } from "./stored.ts";
import {
  DURATION_BUCKETS,
  type History,
  type HistoryPoint,
  type Percentiles,
  type Range,
} from "./wire.ts";

/** How long a step of each range is, and how many there are. */
const STEPS: Record<Range, { stepMs: number; steps: number }> = {
  "15m": { stepMs: SAMPLE_EVERY_MS, steps: 90 },
  "1h": { stepMs: 30_000, steps: 120 },
  "24h": { stepMs: 600_000, steps: 144 },
  "7d": { stepMs: 3_600_000, steps: 168 },
};

/** Over this many samples it is counted how many tasks end in a minute. */
const SAMPLES_A_MINUTE = 60_000 / SAMPLE_EVERY_MS + 1;

type Moment = Sample & { at: number };

/** What happened in the time before now. */
export async function readHistory(broker: Broker, range: Range): Promise<History> {
  const { stepMs, steps } = STEPS[range];
  const samples = await broker.samples.read(stepMs, steps + 1);
  return { range, step_seconds: stepMs / 1000, points: toPoints(samples.map(parseSample), stepMs) };
}

/** The newest point of the shortest steps; null where there are no two samples in a row. */
export async function newestPoint(broker: Broker): Promise<HistoryPoint | null> {
  const samples = await broker.samples.read(SAMPLE_EVERY_MS, 3);
  return toPoints(samples.map(parseSample), SAMPLE_EVERY_MS).at(-1) ?? null;
}

/** How many tasks of a queue end in a minute, by the last one; null where samples do not say. */
export async function endedPerMinute(broker: Broker): Promise<(queue: string) => number | null> {
  const stored = await broker.samples.read(SAMPLE_EVERY_MS, SAMPLES_A_MINUTE);
  const [first, last] = [stored.at(0), stored.at(-1)];
  if (!first || !last || first === last) return () => null;
  const [before, now] = [parseSample(first), parseSample(last)];
  return (queue) => {
    const ended = endedBetween(before, now, queue);
    return ended === null ? null : Math.round(ended * 600_000 / (now.at - before.at)) / 10;
  };
}

/** The points between samples of successive steps. */
export function toPoints(samples: Moment[], stepMs: number): HistoryPoint[] {
  const stepOf = ({ at }: Moment) => Math.floor(at / stepMs);
  return samples.flatMap((now, i) => {
    const before = samples[i - 1];
    return before && stepOf(now) === stepOf(before) + 1 ? [toPoint(before, now)] : [];
  });
}

function toPoint(before: Moment, now: Moment): HistoryPoint {
  const queues = Object.entries(now.queues).flatMap(([name, [waiting, scheduled, active]]) => {
    const ended = endedBetween(before, now, name);
    return ended === null ? [] : [[name, { waiting, scheduled, active, ended }] as const];
  });
  return {
    at: iso(now.at),
    enqueued: increase(before.enqueued, now.enqueued),
    succeeded: increase(before.succeeded, now.succeeded),
    failed: increase(before.failed, now.failed),
    revoked: increase(before.revoked, now.revoked),
    retried: increase(before.retried, now.retried),
    wait_ms: percentiles(increases(before.wait, now.wait)),
    run_ms: percentiles(increases(before.run, now.run)),
    queues: Object.fromEntries(queues),
    workers: now.workers,
    slots: now.slots,
    busy: now.busy,
  };
}

/** Null where it is not known, because the queue was not among the busiest. */
function endedBetween(before: Moment, now: Moment, name: string): number | null {
  const [was, is] = [before.queues[name]?.[3], now.queues[name]?.[3]];
  const isComplete = ({ queues }: Moment) => Object.keys(queues).length < MAX_QUEUES;
  if (is === undefined) return isComplete(now) ? 0 : null;
  if (was === undefined) return isComplete(before) ? is : null;
  return increase(was, is);
}

/** A total that is lower than before has begun anew. */
function increase(before: number, now: number): number {
  return now < before ? now : now - before;
}

function increases(before: number[], now: number[]): number[] {
  const hasBegunAnew = now.some((count, i) => count < (before[i] ?? 0));
  return hasBegunAnew ? now : now.map((count, i) => count - (before[i] ?? 0));
}

/** Estimates percentiles from the counts of buckets, as if durations were spread evenly in each. */
export function percentiles(buckets: number[]): Percentiles | null {
  const count = buckets.reduce((sum, each) => sum + each, 0);
  if (count === 0) return null;
  const estimate = (share: number) => {
    let below = 0;
    for (const [i, inside] of buckets.entries()) {
      if (inside > 0 && below + inside >= share * count) {
        const lower = 1000 * (DURATION_BUCKETS[i - 1] ?? 0);
        const upper = 1000 * (DURATION_BUCKETS[i] ?? DURATION_BUCKETS.at(-1) ?? 0);
        return Math.round(10 * (lower + (upper - lower) * (share * count - below) / inside)) / 10;
      }
      below += inside;
    }
    return 0; // there is none above all
  };
  return { p50: estimate(0.5), p95: estimate(0.95), p99: estimate(0.99) };
}
