/** Replaying and forgetting dead tasks, one or thousands. */

import type { DeadGroup, SummaryPage, TaskSummary } from "../../jobs/wire.ts";
import { type DeadFilter, forgetDead, listDead, replayDead } from "../api/dead.ts";
import { confirm } from "../components/confirm.ts";
import { keyOf, keyOfTask } from "../dead_groups.ts";
import { shortId } from "../format.ts";
import { toast } from "../notices.ts";
import { href } from "../route.ts";

export type DeadAction = "replay" | "forget";

/** As many as the broker keeps. */
const MAX_TASKS = 10_000;
const PAGE = 500;
/** Tasks of one request, so that there is progress to be seen. */
const STEP = 200;

/** What of the list a group can be in. */
export function filterOf({ name, error_type }: DeadGroup): DeadFilter {
  return { name, ...(error_type && { error: error_type }) };
}

/**
 * Looks for the tasks of some groups, or of all; stops when it is told to.
 * @param onLook is told how many were found
 */
export async function findDead(
  groups: DeadGroup[] | null,
  { signal, onLook }: { signal: AbortSignal; onLook(found: number): void },
): Promise<string[]> {
  const keys = groups && new Set(groups.map(keyOf));
  const [first] = groups ?? [];
  const filter = groups?.length === 1 && first ? filterOf(first) : {};
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: SummaryPage = await listDead(filter, PAGE, cursor);
    ids.push(
      ...page.tasks.filter((task) => !keys || keys.has(keyOfTask(task))).map((task) =>
        task.task_id
      ),
    );
    onLook(ids.length);
    cursor = page.cursor;
  } while (cursor !== null && ids.length < MAX_TASKS && !signal.aborted);
  return ids;
}

/**
 * Replays or forgets tasks step by step, the oldest first; stops when it is told to.
 * @returns with how many it was done
 */
export async function actOnDead(
  action: DeadAction,
  ids: string[],
  { signal, onStep }: { signal: AbortSignal; onStep(looked: number): void },
): Promise<number> {
  const act = action === "replay" ? replayDead : forgetDead;
  const oldestFirst = ids.toReversed();
  let done = 0;
  for (let at = 0; at < oldestFirst.length && !signal.aborted; at += STEP) {
    // The server goes through what it is given from the last on.
    done += await act(oldestFirst.slice(at, at + STEP).reverse());
    onStep(Math.min(at + STEP, ids.length));
  }
  return done;
}

/** Answers true: it is not among the dead any more. */
export async function replayOne({ task_id, name }: TaskSummary): Promise<boolean> {
  const done = await replayDead([task_id]) === 1;
  toast({
    kind: done ? "good" : "info",
    text: done ? `${name} runs again.` : `${name} is not dead any more.`,
    link: { text: `Task ${shortId(task_id)}`, href: href("task", task_id) },
  });
  return true;
}

/** Asks first. Answers whether it is gone. */
export async function forgetOne({ task_id, name }: TaskSummary): Promise<boolean> {
  const sure = await confirm({
    title: `Forget ${name} ${shortId(task_id)}?`,
    text: "Its arguments, its error and its log are gone then.",
    action: "Forget task",
  });
  if (!sure) return false;
  await forgetDead([task_id]);
  toast({ text: `${name} ${shortId(task_id)} is forgotten.` });
  return true;
}
