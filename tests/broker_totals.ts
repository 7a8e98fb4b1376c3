/** What every broker must tell of how much there is, and of what happened over time. */

import { assertEquals } from "@std/assert";
import type { TaskCounts } from "../jobs/wire.ts";
import {
  beat,
  type Case,
  claimOne,
  failure,
  newTask,
  newTasks,
  settle,
  success,
} from "./broker_kit.ts";

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
};
