/** What the reader does to schedules. What goes wrong is thrown, for the button to say. */

import type { Schedule } from "../../jobs/wire.ts";
import { deleteSchedule, pauseSchedule, resumeSchedule, runSchedule } from "../api/schedules.ts";
import { confirm } from "../components/confirm.ts";
import { shortId } from "../format.ts";
import { toast } from "../notices.ts";
import { href } from "../route.ts";

export async function runNow(name: string): Promise<void> {
  const { task_id, created } = await runSchedule(name);
  toast({
    kind: created ? "good" : "info",
    text: created
      ? `${name} runs now.`
      : `${name} was not started: one with the same unique key is there already.`,
    link: { text: `Task ${shortId(task_id)}`, href: href("task", task_id) },
  });
}

export async function pause(name: string): Promise<void> {
  await pauseSchedule(name);
  toast({ text: `${name} is paused.`, undo: () => resume(name) });
}

export async function resume(name: string): Promise<void> {
  await resumeSchedule(name);
  toast({ text: `${name} goes on.`, undo: () => pause(name) });
}

/** Asks first. Answers whether it is gone. */
export async function remove({ name }: Schedule): Promise<boolean> {
  const sure = await confirm({
    title: `Delete ${name}?`,
    text:
      "Nothing more is started by it, and its history is gone. Tasks that it has started go on.",
    action: "Delete schedule",
  });
  if (!sure) return false;
  await deleteSchedule(name);
  toast({ text: `${name} is deleted.` });
  return true;
}

/** Why a schedule cannot be deleted; null if it can. */
export function keptBecause({ in_code }: Schedule): string | null {
  return in_code ? "It is declared in code: delete it there, or pause it." : null;
}

/** The address of a schedule's page. "new" is that of the form, so one of that name says so. */
export function scheduleHref(name: string, query: { edit?: string } = {}): string {
  return href("schedules", name, { ...query, view: name === "new" ? "1" : null });
}
