/** A schedule that ticks through the whole run: each of its ticks must have made one task. */

import type { Broker } from "../../jobs/broker.ts";
import { Registry } from "../../jobs/registry.ts";
import { Schedules } from "../../jobs/schedule_control.ts";
import { tasks } from "../../jobs/tasks/mod.ts";
import { MAX_SCHEDULES } from "../../jobs/schedule_store.ts";
import type { Findings } from "./findings.ts";
import type { Kept } from "./store.ts";

const NAME = "metronome";
const EVERY_MS = 1000;

export class Clockwork {
  readonly #schedules: Schedules;

  constructor(broker: Broker) {
    this.#schedules = new Schedules(broker, new Registry(tasks));
  }

  async start(): Promise<void> {
    await this.#schedules.create(NAME, {
      task: "count_primes",
      args: [2],
      every: EVERY_MS / 1000,
      start: new Date(Date.now() + EVERY_MS),
      misfire: "all",
    });
  }

  /** Pauses this schedule and those that the project declares: nothing may start while it is counted. */
  async stop(): Promise<void> {
    const { schedules } = await this.#schedules.list(MAX_SCHEDULES);
    for (const { name } of schedules) await this.#schedules.pause(name);
  }

  /** @param kept the tasks in the store */
  async check(kept: Kept[], findings: Findings): Promise<void> {
    const schedule = await this.#schedules.get(NAME);
    const first = Date.parse(schedule?.start ?? "");
    const last = Date.parse(schedule?.last_due_at ?? "");
    const ticks = (last - first) / EVERY_MS + 1;
    const made = kept.filter((each) => each.schedule === NAME).length;
    if (made !== ticks) findings.add(`a schedule had ${ticks} ticks and made ${made} tasks`);
    const dues = (await this.#schedules.runs(NAME)).map(({ due_at }) => Date.parse(due_at ?? ""));
    const whole = dues.every((due, i) => i === 0 || (dues[i - 1] ?? NaN) - due === EVERY_MS);
    if (!whole) findings.add("the runs of a schedule have a gap or one twice");
  }
}
