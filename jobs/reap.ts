/** Looking for workers that are gone: a duty of every process, so that one is enough. */

import { getLogger } from "@logtape/logtape";
import type { Duty } from "../lib/ticker.ts";
import type { Broker } from "./broker.ts";
import { brokerDuty } from "./broker_duty.ts";

const REAP_EVERY_MS = 500;

const log = getLogger(["taskapp", "reaper"]);

export function reapDuty(broker: Broker): Duty {
  return brokerDuty("reap", REAP_EVERY_MS, async () => {
    const tasks = await broker.reap();
    if (tasks > 0) log.warn("Gave back {tasks} task(s) of workers that are gone", { tasks });
  });
}
