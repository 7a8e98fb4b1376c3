/** `taskapp purge`: revokes all tasks of some queues that wait. */

import { getQueue } from "../jobs/queues.ts";
import { type Io, UsageError } from "./io.ts";
import { loadRegistry } from "./registry.ts";
import { withBroker } from "./with_broker.ts";

export interface PurgeOptions {
  broker: string;
  resultExpires: number;
  queues: string[];
  force?: boolean;
}

/** @returns 0, or 1 if the user did not agree */
export function purge(options: PurgeOptions, io: Io): Promise<number> {
  return withBroker(options, async (broker) => {
    const registry = await loadRegistry();
    const names = [...new Set(options.queues)];
    let waiting = 0;
    for (const name of names) {
      const queue = await getQueue(broker, registry, name);
      waiting += queue.waiting + queue.scheduled;
    }
    const question = `Revoke the ${waiting} task(s) that wait in ${names.join(", ")}?`;
    if (!options.force && !agreed(question, io)) return 1;
    let purged = 0;
    for (const name of names) purged += await broker.purge(name);
    io.out(`Revoked ${purged} task(s)\n`);
    return 0;
  });
}

/**
 * Asks before something that cannot be undone.
 * @throws {UsageError} there is nobody to ask
 */
export function agreed(question: string, io: Io): boolean {
  if (io.confirm) return io.confirm(question);
  throw new UsageError(`${question} If so, say --force: there is no terminal to ask on`);
}
