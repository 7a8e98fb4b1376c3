/** Groups of dead tasks: which task is in which, and which groups fit what was typed. Pure. */

import { type DeadGroup, sameMessage, type TaskSummary } from "../jobs/wire.ts";

/** What tells groups apart; it stands in the address of an open one. */
export function keyOf({ name, error_type, message }: DeadGroup): string {
  return `${name} ${error_type}: ${message}`;
}

/** The key of the group that a dead task is in. */
export function keyOfTask({ name, error }: Pick<TaskSummary, "name" | "error">): string {
  const message = sameMessage(error?.message ?? "");
  return `${name} ${error?.type ?? ""}: ${message}`;
}

/** Those with all of the words in the task's name or in the error. */
export function fitting(groups: DeadGroup[], typed: string): DeadGroup[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return groups.filter((group) => {
    const text = keyOf(group).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** How many tasks are in some groups. */
export function sizeOf(groups: DeadGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}
