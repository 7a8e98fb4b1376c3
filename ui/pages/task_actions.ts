/** What the reader can do with a task. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { may } from "../access.ts";
import type { Call } from "../calls.ts";
import { Button } from "../components/button.ts";
import { confirm } from "../components/confirm.ts";
import { Menu, type MenuItem } from "../components/menu.ts";
import { toast } from "../notices.ts";
import { go, href } from "../route.ts";
import { cancel, forget, retry } from "../state/task_actions.ts";
import { unwatch, watch, watched } from "../state/watched.ts";
import { copyCallItems } from "./call_texts.ts";
import { RetryDialog } from "./task_retry.ts";

/**
 * Cancel for a task that can still end otherwise, Retry for one that has ended: the same button, which
 * keeps the focus.
 */
export function CancelOrRetry(
  { task, size = "small" }: { task: Task; size?: "small" | "normal" },
) {
  const { task_id, name, status } = task;
  if (isReady(status)) {
    return html`
      <${Button} size=${size} icon="retry" needs="operator" label=${`Retry ${name}`}
        onClick=${() => retry(task_id)}>Retry<//>
    `;
  }
  const isRunning = status === "STARTED" || status === "PROGRESS";
  const run = async () => {
    if (!await cancel(task_id)) return;
    toast({ text: `Cancelled ${name}.`, undo: () => retry(task_id) });
  };
  return html`
    <${Button} size=${size} kind="danger" icon="stop" needs="operator"
      label=${isRunning ? `Stop now: ${name}` : `Cancel ${name}`} onClick=${run}>
      ${isRunning ? "Stop now" : "Cancel"}
    <//>
  `;
}

/** All actions of the page of a task. */
export function TaskActions({ task }: { task: Task }) {
  const isEditing = useSignal(false);
  const { task_id, name } = task;
  const isWatched = watched.value.includes(task_id);
  const allowed = may("operator");
  const reason = allowed === true ? null : allowed;
  const notEnded = isReady(task.status) ? null : "It has not ended yet.";
  const call = callOf(task);
  const items: (MenuItem | null)[] = [
    {
      label: "Retry with other arguments…",
      icon: "edit",
      disabledReason: reason ?? notEnded,
      run() {
        isEditing.value = true;
      },
    },
    {
      label: "Duplicate…",
      icon: "play",
      run: () => go(href("start", name, queryOf(call))),
    },
    {
      label: isWatched ? "Stop watching" : "Watch",
      icon: "eye",
      run: () => isWatched ? unwatch(task_id) : watch(task_id),
    },
    null,
    ...copyCallItems(call),
    null,
    {
      label: "Delete…",
      icon: "trash",
      kind: "danger",
      disabledReason: reason ?? notEnded,
      run: () => remove(task),
    },
  ];
  return html`
    <${CancelOrRetry} task=${task} size="normal" />
    <${Menu} label=${`More for ${name}`} items=${items} kind="plain" />
    ${isEditing.value && html`
      <${RetryDialog} task=${task} onClose=${() => isEditing.value = false} />
    `}
  `;
}

async function remove({ task_id, name }: Task): Promise<void> {
  const yes = await confirm({
    title: `Delete this ${name}?`,
    text: "Its result, error and log are gone then. This cannot be undone.",
    action: "Delete",
  });
  if (!yes) return;
  if (!await forget(task_id)) return;
  toast({ text: `Deleted ${name}.` });
  go(href("tasks"));
}

/** The call that would start the same task again, with what it does not have by its definition. */
function callOf(task: Task): Call {
  return {
    name: task.name,
    args: task.args,
    queue: task.queue,
    priority: task.priority,
    ...(task.concurrency_key !== null && {
      concurrency_key: task.concurrency_key,
      concurrency_limit: task.concurrency_limit ?? 1,
    }),
  };
}

function queryOf({ name: _, args, ...options }: Call): { [key: string]: string } {
  const texts = Object.entries(options).map(([key, value]) => [key, `${value}`]);
  return { args: JSON.stringify(args), ...Object.fromEntries(texts) };
}
