/** What every broker must tell of how much there is, and of what happened over time. */

import { assert, assertEquals, assertExists } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { endedPerMinute, newestPoint, readHistory } from "../jobs/history.ts";
import { takeSample } from "../jobs/history_sample.ts";
import { SAMPLE_EVERY_MS, SERIES } from "../jobs/history_store.ts";
import type { TaskCounts } from "../jobs/wire.ts";
import {
  beat,
  type Case,
  claimOne,
  failure,
  newTask,
  newTasks,
  only,
  settle,
  success,
} from "./broker_kit.ts";
import { until } from "./until.ts";

const NONE: TaskCounts = {
  all: 0,
  PENDING: 0,
  STARTED: 0,
  PROGRESS: 0,
  RETRY: 0,
  SUCCESS: 0,
  FAILURE: 0,
  REVOKED: 0,
  scheduled: 0,
  dead: 0,
  capped: false,
};

export const totalsCases: Record<string, Case> = {
  "tasks are counted by state, also after they were retried or forgotten": async (connect) => {
    const broker = connect();
    assertEquals(await broker.counts(), NONE);
    await broker.heartbeat(beat("w"));
    await broker.enqueue(newTasks(9));
    const started = await claimOne(broker);
    const { id, token } = await claimOne(broker);
    await broker.report("w", [{ id, token, progress: { percent: 1, stage: null, meta: null } }]);
    const error = failure.error;
    await settle(broker, await claimOne(broker), { state: "RETRY", error, delayMs: 60_000 });
    await settle(broker, await claimOne(broker), success);
    await settle(broker, await claimOne(broker), success);
    const failed = await claimOne(broker);
    await settle(broker, failed, failure);
    const revoked = newTask();
    await broker.enqueue([
      newTask({ eta: { inMs: 60_000 } }),
      revoked,
      newTask({ queue: "other" }),
    ]);
    await broker.revoke(revoked.id);
    const counted: TaskCounts = {
      all: 12,
      PENDING: 5,
      STARTED: 1,
      PROGRESS: 1,
      RETRY: 1,
      SUCCESS: 2,
      FAILURE: 1,
      REVOKED: 1,
      scheduled: 2,
      dead: 1,
      capped: false,
    };
    assertEquals(await broker.counts(), counted);

    await broker.retry(failed.id);
    await broker.forget(revoked.id);
    await settle(broker, started, success);
    assertEquals(await broker.counts(), {
      ...counted,
      all: 11,
      PENDING: 6,
      STARTED: 0,
      SUCCESS: 3,
      FAILURE: 0,
      REVOKED: 0,
      dead: 0,
    });
  },

  "what waits in lanes is counted once": async (connect) => {
    const broker = connect();
    await broker.enqueue([
      ...newTasks(3, { concurrency: { key: "k", limit: 1 } }),
      ...newTasks(2, { name: "slow", rateLimit: "1/h" }),
      ...newTasks(2, { priority: "high" }),
    ]);
    await broker.claim("w", ["default"], 9);
    assertEquals(await broker.counts(), { ...NONE, all: 7, PENDING: 3, STARTED: 4 });
  },

  "ten thousand of a state are not counted further, and that is said": async (connect) => {
    const broker = connect();
    const tasks = newTasks(10_050);
    for (let i = 0; i < tasks.length; i += 1000) await broker.enqueue(tasks.slice(i, i + 1000));
    await broker.purge("default");
    const { REVOKED, PENDING, capped } = await broker.counts();
    assertEquals([REVOKED, PENDING, capped], [10_000, 0, true]);
  },

  "ended tasks that have expired are not counted any more": async (connect) => {
    const broker = connect({ resultExpires: 1, deadExpires: 1 });
    await broker.enqueue(newTasks(3));
    await settle(broker, await claimOne(broker), success);
    await settle(broker, await claimOne(broker), failure);
    assertEquals((await broker.counts()).all, 3);
    await until(async () => {
      await broker.reap();
      return (await broker.counts()).all === 1;
    });
    assertEquals((await broker.counts()).PENDING, 1);
  },

  "it is known for how long the oldest of a queue could have run": async (connect) => {
    const broker = connect();
    await broker.enqueue([newTask({ queue: "delayed", eta: { inMs: 60_000 } })]);
    await broker.enqueue([newTask()]);
    await broker.enqueue(newTasks(2, { queue: "other", concurrency: { key: "k", limit: 1 } }));
    await sleep(30);
    const given = await claimOne(broker);
    await broker.enqueue([newTask({ priority: "low" })]);
    await sleep(50);
    await broker.enqueue([newTask({ priority: "high" })]);
    await settle(broker, given, { state: "PENDING" });
    const waits = await broker.oldestWaits();
    assertEquals([...waits.keys()].sort(), ["default", "other"]);
    const [ofDefault = 0, ofOther = 0] = [waits.get("default"), waits.get("other")];
    assert(ofDefault >= 49 && ofDefault < ofOther, `${ofDefault}, ${ofOther}`);
    await broker.purge("default");
    assertEquals([...(await broker.oldestWaits()).keys()], ["other"]);
  },

  "of all who begin the sample of a step, one is told to take it": async (connect) => {
    const brokers = Array.from({ length: 5 }, () => connect());
    const [broker] = brokers;
    assertExists(broker);
    const first = await broker.samples.begin();
    assertExists(first.at);
    assert(first.waitMs > 0 && first.waitMs <= SAMPLE_EVERY_MS);
    const isLate = first.waitMs < 2000;
    if (isLate) await sleep(first.waitMs + 20);
    const begun = await Promise.all(brokers.map(({ samples }) => samples.begin()));
    assertEquals(begun.filter(({ at }) => at !== null).length, isLate ? 1 : 0);
  },

  "samples are read by steps, and where there are none, none is": async (connect) => {
    const { samples, schedules } = connect();
    const step = Math.floor(await schedules.now() / 60_000) * 60_000;
    const at = (seconds: number) => step - 240_000 + seconds * 1000;
    for (const seconds of [1, 11, 12, 21, 51, 61, 111, 55]) {
      await samples.put({ at: at(seconds), body: `${seconds}` });
    }
    const read = async (stepMs: number, steps: number) =>
      (await samples.read(stepMs, steps)).map(({ at, body }) => [at - step + 240_000, body]);
    assertEquals(await read(10_000, 40), [
      [1000, "1"],
      [11_000, "11"],
      [21_000, "21"],
      [51_000, "51"],
      [61_000, "61"],
      [111_000, "111"],
    ]);
    assertEquals(await read(60_000, 8), [[1000, "1"], [61_000, "61"]]);
    assertEquals(await read(10_000, 2), []);
    assertEquals((await read(300_000, 3)).at(0), [1000, "1"]);
  },

  "a limited number of samples is kept, and a clock that is set back starts anew": async (
    connect,
  ) => {
    const { samples, schedules } = connect();
    const now = await schedules.now();
    const hour = Array.from({ length: 400 }, (_, i) => now - (400 - i) * 10_000);
    const days = Array.from({ length: 2400 }, (_, i) => now - 4_000_000 - (2400 - i) * 300_000);
    for (const at of [...days, ...hour]) await samples.put({ at, body: "{}" });
    for (const [index, stepMs] of [10_000, 300_000].entries()) {
      const { length } = await samples.read(stepMs, 3000);
      assert(length > 300 && length <= (SERIES[index]?.kept ?? 0), `${length} of ${stepMs}`);
    }
    await samples.put({ at: now + 3_600_000, body: "later" });
    await samples.put({ at: now, body: "now" });
    assertEquals((await samples.read(10_000, 10)).at(-1), { at: now, body: "now" });
  },

  "history tells what happened between samples": async (connect) => {
    const broker = connect();
    const now = await broker.schedules.now();
    const sample = async (steps: number) => {
      const body = JSON.stringify(await takeSample(broker));
      await broker.samples.put({ at: now - steps * SAMPLE_EVERY_MS, body });
    };
    await broker.enqueue(newTasks(2));
    await settle(broker, await claimOne(broker), success);
    assertEquals(await newestPoint(broker), null);
    await sample(3);
    await broker.heartbeat(beat("w"));
    await broker.enqueue([...newTasks(4), newTask({ queue: "other", eta: { inMs: 60_000 } })]);
    await settle(broker, await claimOne(broker), success);
    await settle(broker, await claimOne(broker), failure);
    const { error } = failure;
    await settle(broker, await claimOne(broker), { state: "RETRY", error, delayMs: 60_000 });
    await claimOne(broker);
    await sample(2);
    await broker.purge("default");
    await sample(0);

    const { points, ...history } = await readHistory(broker, "15m");
    assertEquals(history, { range: "15m", step_seconds: 10 });
    const point = only(points);
    const { at, wait_ms, run_ms, ...rest } = point;
    assertEquals(rest, {
      enqueued: 5,
      succeeded: 1,
      failed: 1,
      revoked: 0,
      retried: 1,
      queues: {
        default: { waiting: 1, scheduled: 1, active: 1, ended: 2 },
        other: { waiting: 0, scheduled: 1, active: 0, ended: 0 },
      },
      workers: 1,
      slots: 2,
      busy: 1,
    });
    assertEquals(Date.parse(at), now - 2 * SAMPLE_EVERY_MS);
    for (const estimate of [wait_ms, run_ms]) assert((estimate?.p99 ?? Infinity) < 5000);
    assertEquals((await endedPerMinute(broker))("default"), 4 * 2);
    assertEquals((await endedPerMinute(broker))("never"), 0);
  },
};
