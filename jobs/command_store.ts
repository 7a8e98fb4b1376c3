/** How commands get to a worker: what that needs of a store. */

import type { WorkerCommand } from "./wire.ts";

/** One that is older is not carried out: who gave it has long looked elsewhere. */
export const COMMAND_MS = 10_000;
/** So many may wait for one worker; the oldest make room for more. */
export const MAX_COMMANDS = 100;

export type SentCommand = WorkerCommand & { id: string };

export interface CommandStore {
  /**
   * Leaves a command for a worker and tells it, through `onCommand`. Under one id that is done once.
   * @returns false where no such worker is alive
   */
  send(worker: string, command: SentCommand): Promise<boolean>;
  /** Takes the commands that wait for a worker, in their order. None is taken twice, none after COMMAND_MS. */
  take(worker: string): Promise<SentCommand[]>;
}
