/** The queues that there are: those that the broker has seen, and those that tasks name. */

import type { Broker, QueueState } from "./broker.ts";
import { UnknownQueueError } from "./errors.ts";
import { endedPerMinute } from "./history.ts";
import type { Registry } from "./registry.ts";
import type { QueueInfo } from "./wire.ts";

/** All of them, by name. */
export async function allQueues(broker: Broker, registry: Registry): Promise<QueueInfo[]> {
  const unused = {
    waiting: 0,
    scheduled: 0,
    active: 0,
    paused: false,
    rate_limit: null,
    concurrency_limit: null,
  };
  const [known, oldest, ended] = await Promise.all([
    broker.queues(),
    broker.oldestWaits(),
    endedPerMinute(broker),
  ]);
  const queues = new Map<string, QueueState>(
    registry.queues().map((name) => [name, { name, ...unused }]),
  );
  for (const queue of known) queues.set(queue.name, queue);
  return [...queues.values()].sort((a, b) => a.name < b.name ? -1 : 1).map((queue) => ({
    ...queue,
    oldest_wait_ms: oldest.get(queue.name) ?? null,
    ended_per_minute: ended(queue.name),
  }));
}

/** @throws {UnknownQueueError} naming the queues that exist */
export async function getQueue(
  broker: Broker,
  registry: Registry,
  name: string,
): Promise<QueueInfo> {
  const queues = await allQueues(broker, registry);
  const queue = queues.find((each) => each.name === name);
  if (queue) return queue;
  throw new UnknownQueueError(name, queues.map((each) => each.name));
}
