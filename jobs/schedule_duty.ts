/**
 * The scheduler: every process enqueues the ticks that are due. Which of them does it does not matter,
 * since the broker makes each step once, by its own clock.
 */

import { getLogger } from "@logtape/logtape";
import type { Duty } from "../lib/ticker.ts";
import type { Broker, Receipt } from "./broker.ts";
import { brokerDuty } from "./broker_duty.ts";
import type { ScheduleStep, StoredSchedule } from "./schedule_store.ts";
import { planStep } from "./schedule_ticks.ts";

/** At the latest; the broker answers when the next schedule is due. */
const EVERY_MS = 1000;
/** Steps made at a time, and their ticks: neither may hold up what else is done. */
const BATCH = 100;
const MAX_TICKS = 1000;
/** After a turn in which others were faster: they are at what is left. */
const YIELD_MS = 20;

const log = getLogger(["taskapp", "schedules"]);

/** Enqueues the ticks of schedules that are due. */
export function scheduleDuty(broker: Broker): Duty {
  return brokerDuty("schedules", EVERY_MS, async () => {
    const { now, schedules, waitMs } = await broker.schedules.due(BATCH);
    if (schedules.length === 0) return waitMs;
    const steps = planSome(schedules, now);
    const made = await broker.schedules.advance(steps);
    for (const [i, step] of steps.entries()) {
      const receipts = made[i];
      if (receipts) tell(step, receipts);
    }
    return made.some((receipts) => receipts !== null) ? 0 : YIELD_MS;
  });
}

/** Plans the first steps, till they have enough ticks together. */
function planSome(schedules: StoredSchedule[], now: number): ScheduleStep[] {
  const steps: ScheduleStep[] = [];
  let ticks = 0;
  for (const schedule of schedules) {
    const step = plan(schedule, now);
    steps.push(step);
    ticks += step.ticks.length;
    if (ticks >= MAX_TICKS) break;
  }
  return steps;
}

/** One that cannot be planned must not keep the others waiting. */
function plan(schedule: StoredSchedule, now: number): ScheduleStep {
  try {
    return planStep(schedule, now);
  } catch (error) {
    log.error("Schedule {name} stops, since it cannot be read: {error}", {
      name: schedule.name,
      error: `${error}`,
    });
    const { name, revision, next: due } = schedule;
    const at = due ?? now;
    const skipped = [{ due: at, until: at, reason: `this schedule cannot be read: ${error}` }];
    return { name, revision, due, next: null, ticks: [], skipped };
  }
}

function tell({ name, ticks, skipped }: ScheduleStep, receipts: Receipt[]): void {
  for (const [i, { task }] of ticks.entries()) {
    const id = receipts[i]?.id ?? task.id;
    const said = { schedule: name, name: task.name, id };
    if (id === task.id) log.info("Schedule {schedule} started {name}[{id}]", said);
    else {
      const why = "{name}[{id}] with the same unique key was there already";
      log.info(`Schedule {schedule} skipped a tick: ${why}`, said);
    }
  }
  for (const { due, until, reason } of skipped) {
    log.warn("Schedule {name} skipped its ticks from {due} to {until}: {reason}", {
      name,
      due: new Date(due).toISOString(),
      until: new Date(until).toISOString(),
      reason,
    });
  }
}
