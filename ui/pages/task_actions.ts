/** The buttons that change a task. */

import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { Button } from "../components/button.ts";
import { go, href } from "../route.ts";
import { cancel, forget, retry } from "../state/task_actions.ts";

/** Cancel for a task that can still end otherwise, Retry for one that has ended. */
export function CancelOrRetry({ task }: { task: Task }) {
  const { task_id, name } = task;
  return isReady(task.status)
    ? html`
      <${Button} key="retry" size="small" needs="operator" label=${`Retry ${name}`}
        onClick=${() => retry(task_id)}>Retry<//>
    `
    : html`
      <${Button} key="cancel" size="small" kind="danger" needs="operator" label=${`Cancel ${name}`}
        onClick=${() => cancel(task_id)}>Cancel<//>
    `;
}

export function Delete({ task }: { task: Task }) {
  if (!isReady(task.status)) return null;
  const run = async () => {
    await forget(task.task_id);
    go(href("tasks"));
  };
  return html`
    <${Button} size="small" kind="danger" needs="operator" label=${`Delete ${task.name}`}
      onClick=${run}>Delete<//>
  `;
}
