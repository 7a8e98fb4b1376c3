/** Enqueueing as stores do it: calls that come together, or while others are under way, go together. */

import { GroupCommit } from "../lib/group_commit.ts";
import type { NewTask, Receipt } from "./broker.ts";

/** Characters of arguments, and a little per task, that several calls may bring into one. */
const MAX_TOGETHER = 1024 * 1024;
const TASK_WEIGHT = 1024;

/** @param commit accepts the tasks of one or more calls */
export function enqueues(
  commit: (tasks: NewTask[]) => Promise<Receipt[]>,
): GroupCommit<NewTask, Receipt> {
  return new GroupCommit(commit, ({ args }) => args.length + TASK_WEIGHT, MAX_TOGETHER);
}
