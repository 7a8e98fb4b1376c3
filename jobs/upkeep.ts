/** What has to be done now and then in any store: a duty of every process, so that one is enough. */

import { getLogger } from "@logtape/logtape";
import type { Duty } from "../lib/ticker.ts";
import type { Broker } from "./broker.ts";
import { brokerDuty } from "./broker_duty.ts";
import { sampleDuty } from "./history_sample.ts";
import { scheduleDuty } from "./schedule_duty.ts";

const REAP_EVERY_MS = 500;
/** At the latest; the broker answers when the next task is due. */
const PROMOTE_EVERY_MS = 1000;

const log = getLogger(["taskapp", "upkeep"]);

/**
 * Gives back the tasks of workers that are gone (`reap`), makes ready what is due (`promote`),
 * enqueues what schedules have due, and takes samples.
 */
export function upkeep(broker: Broker): Duty[] {
  return [
    brokerDuty("reap", REAP_EVERY_MS, async () => {
      const tasks = await broker.reap();
      if (tasks > 0) {
        log.warn("Gave back or ended {tasks} task(s) of workers that are gone", { tasks });
      }
    }),
    brokerDuty("promote", PROMOTE_EVERY_MS, () => broker.promote()),
    scheduleDuty(broker),
    sampleDuty(broker),
  ];
}
