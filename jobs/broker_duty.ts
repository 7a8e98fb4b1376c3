/** Periodic duties that need the broker. */

import { getLogger } from "@logtape/logtape";
import type { Duty } from "../lib/ticker.ts";
import { BrokerUnavailableError } from "./broker.ts";

const log = getLogger(["taskapp", "duties"]);

/** A duty that waits for its next turn while the broker is away: the broker itself tells of that. */
export function brokerDuty(name: string, everyMs: number, run: Duty["run"]): Duty {
  return {
    name,
    everyMs,
    run: async () => {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof BrokerUnavailableError)) throw error;
        log.debug("{name} has to wait: {error}", { name, error: error.message });
      }
    },
  };
}
