/** What became of a task, as a link to it. */

import { html } from "htm/preact";
import { shortId } from "../format.ts";
import { href } from "../route.ts";
import { useTask } from "../state/tasks.ts";
import { Badge } from "./badge.ts";

/** A task's state, kept true while it is shown. */
export function TaskOutcome({ id }: { id: string }) {
  const { task, missing } = useTask(id, "state");
  if (missing && !task) {
    return html`<span class="muted" title="Ended tasks are kept for a while only">not kept</span>`;
  }
  return html`
    <a class="outcome-link" href=${href("task", id)} title=${`Task ${id}`}>
      ${task
        ? html`<${Badge} status=${task.status} />`
        : html`<span class="muted">${shortId(id)}</span>`}
    </a>
  `;
}
