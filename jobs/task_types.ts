/** The tasks that can be started, with their limits as they are now. */

import type { Broker, TaskLimits } from "./broker.ts";
import { checkSoftLimit } from "./options.ts";
import type { Registry } from "./registry.ts";
import type { TaskType } from "./wire.ts";

/** @throws {UnknownTaskError} */
export async function describeTaskType(
  broker: Broker,
  registry: Registry,
  name: string,
): Promise<TaskType> {
  const task = registry.get(name);
  return task.describe((await broker.taskLimits()).find((each) => each.name === name));
}

/**
 * Changes the limits of all tasks of a name.
 * @throws {UnknownTaskError}
 * @throws {InvalidOptionError} its soft limit would not be below the hard one
 */
export async function limitTaskType(
  broker: Broker,
  registry: Registry,
  name: string,
  limits: TaskLimits,
): Promise<void> {
  const { defined, set } = await describeTaskType(broker, registry, name);
  const { timeLimit = set.time_limit, softTimeLimit = set.soft_time_limit } = limits;
  checkSoftLimit(
    softTimeLimit ?? defined.soft_time_limit ?? undefined,
    timeLimit ?? defined.time_limit ?? undefined,
  );
  await broker.limitTask(name, limits);
}
