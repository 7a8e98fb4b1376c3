/** A broker through which the values of masked fields cannot be seen. */

import type { Mask } from "./access_mask.ts";
import type { Broker } from "./broker.ts";
import type { Schedule, Task, TaskEvent, TaskSummary } from "./wire.ts";

/** What a broker tells of tasks, masked; all that it does is done as ever. */
export function maskedBroker(broker: Broker, mask: Mask): Broker {
  const masked: Partial<Broker> = {
    async get(id) {
      const task = await broker.get(id);
      return task && maskTask(task, mask);
    },
    async list(filter) {
      const page = await broker.list(filter);
      return { ...page, tasks: page.tasks.map((task) => maskTask(task, mask)) };
    },
    async summarize(query) {
      const page = await broker.summarize(query);
      return { ...page, tasks: page.tasks.map((task) => maskSummary(task, mask)) };
    },
    async events(id, after) {
      const events = await broker.events(id, after);
      return events && events.map((event) => maskEvent(event, mask));
    },
    subscribe(listener) {
      return broker.subscribe({
        onEvents: (events) => listener.onEvents(events.map((event) => maskEvent(event, mask))),
        onGap: () => listener.onGap(),
      });
    },
  };
  return new Proxy(broker, {
    get(target, property) {
      if (Object.hasOwn(masked, property)) return Reflect.get(masked, property);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A schedule as others may see it. */
export function maskSchedule<T extends Schedule>(schedule: T, mask: Mask): T {
  return { ...schedule, args: mask.value(schedule.args) };
}

function maskTask(task: Task, mask: Mask): Task {
  const { args, result, meta } = task;
  return { ...task, args: mask.value(args), result: mask.value(result), meta: mask.value(meta) };
}

function maskSummary(task: TaskSummary, mask: Mask): TaskSummary {
  const { args_preview, result_preview } = task;
  return {
    ...task,
    args_preview: mask.text(args_preview),
    result_preview: result_preview === null ? null : mask.text(result_preview),
  };
}

function maskEvent(event: TaskEvent, mask: Mask): TaskEvent {
  return event.meta === undefined ? event : { ...event, meta: mask.value(event.meta) };
}
