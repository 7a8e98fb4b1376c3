/** What the reader does to queues. */

import type { QueueInfo } from "../../jobs/wire.ts";
import { may } from "../access.ts";
import { pauseQueue, purgeQueue, resumeQueue } from "../api/system.ts";
import { confirmTyped } from "../components/confirm.ts";
import type { MenuItem } from "../components/menu.ts";
import { plural } from "../format.ts";
import { toast } from "../notices.ts";
import { type Command, useCommands } from "../palette.ts";
import { go, href } from "../route.ts";

export async function pause(name: string): Promise<void> {
  await pauseQueue(name);
  toast({ text: `The queue ${name} is paused. What runs goes on.`, undo: () => resume(name) });
}

export async function resume(name: string): Promise<void> {
  await resumeQueue(name);
  toast({ kind: "good", text: `The queue ${name} goes on.`, undo: () => pause(name) });
}

/** Asks, then revokes all that waits. */
export async function purge({ name, waiting, scheduled }: QueueInfo): Promise<void> {
  const all = waiting + scheduled;
  const yes = await confirmTyped({
    title: `Purge ${name}`,
    text:
      `${plural(all, "task")} of the queue ${name} that ${all === 1 ? "waits" : "wait"} will be ` +
      "revoked. What runs goes on.",
    action: `Revoke ${plural(all, "task")}`,
    word: name,
  });
  if (!yes) return;
  const { purged } = await purgeQueue(name);
  toast({ kind: "good", text: `${plural(purged, "task")} of ${name} revoked.` });
}

/** Why nothing can be purged; null if it can. */
export function whyNotPurge({ waiting, scheduled }: QueueInfo): string | null {
  const allowed = may("operator");
  if (allowed !== true) return allowed;
  return waiting + scheduled === 0 ? "Nothing waits in it." : null;
}

export function tasksHref(name: string): string {
  return href("tasks", null, { q: `queue:${name}` });
}

export function startHref(name: string): string {
  return href("start", null, { queue: name });
}

/** The actions of a queue for its menu. */
export function actionsOf(queue: QueueInfo): (MenuItem | null)[] {
  const { name, paused } = queue;
  const allowed = may("operator");
  const disabledReason = allowed === true ? null : allowed;
  return [
    paused
      ? { label: "Resume", icon: "play", disabledReason, run: () => resume(name) }
      : { label: "Pause", icon: "pause", disabledReason, run: () => pause(name) },
    {
      label: "Set limits",
      icon: "edit",
      run: () => go(href("queues", name)),
    },
    null,
    { label: "Show its tasks", icon: "tasks", run: () => go(tasksHref(name)) },
    { label: "Start a task in it", icon: "add", run: () => go(startHref(name)) },
    null,
    {
      label: "Purge…",
      icon: "trash",
      kind: "danger",
      disabledReason: whyNotPurge(queue),
      run: () => purge(queue),
    },
  ];
}

/** Lets the palette find queues by their names, and what can be done with them. */
export function useQueueCommands(queues: QueueInfo[] | null): void {
  const known = (queues ?? []).map(({ name, paused }) => ({ name, paused }));
  const mayChange = may("operator") === true;
  useCommands(() =>
    known.flatMap(({ name, paused }): Command[] => {
      const open = {
        id: `queue ${name}`,
        title: name,
        group: "Queue",
        run: () => go(href("queues", name)),
      };
      const change = {
        id: `queue ${name} pause`,
        title: `${paused ? "Resume" : "Pause"} ${name}`,
        group: "Queue",
        run: () => paused ? resume(name) : pause(name),
      };
      return mayChange ? [open, change] : [open];
    }), [JSON.stringify(known), mayChange]);
}
