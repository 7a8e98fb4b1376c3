import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { preview, shortId } from "../format.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Progress } from "../components/progress.ts";
import { TaskId } from "../components/task_id.ts";
import { Ago, Elapsed } from "../components/time.ts";
import { href } from "../route.ts";
import { useTask } from "../state/tasks.ts";
import { unwatch } from "../state/watched.ts";
import { Disconnected, Gone, NoTask } from "./task_absence.ts";
import { CancelOrRetry } from "./task_actions.ts";

/** One watched task. */
export function TaskCard({ id }: { id: string }) {
  const { task, missing } = useTask(id);
  return html`
    <li class="card watched" data-task=${id}>
      <div class="watched-head">
        <h3>
          <a href=${href("task", id)}>${task?.name ?? `Task ${shortId(id)}`}</a>
        </h3>
        ${task && html`<${Badge} status=${task.status} />`}
        <${Button}
          kind="bare"
          size="small"
          icon="close"
          label=${`Stop watching ${task?.name ?? "task"} ${shortId(id)}`}
          onClick=${() => unwatch(id)}
        />
      </div>
      ${task
        ? html`<${Body} task=${task} missing=${missing} />`
        : html`<${NoTask} id=${id} missing=${missing} />`}
      <${Disconnected} id=${id} />
    </li>
  `;
}

function Body({ task, missing }: { task: Task; missing: boolean }) {
  return html`
    <p class="call"><${TaskId} id=${task.task_id} /><code>${preview(task.args, 60)}</code></p>
    <${Progress} task=${task} />
    <${Outcome} task=${task} />
    <div class="watched-foot">
      <span class="muted">
        ${task.started_at || isReady(task.status)
          ? html`<${Elapsed} task=${task} />`
          : html`Created <${Ago} iso=${task.created_at} />`}
      </span>
      ${missing ? html`<${Gone} />` : html`<${CancelOrRetry} task=${task} />`}
    </div>
  `;
}

/** The end of a task on one line. */
function Outcome({ task }: { task: Task }) {
  if (task.status === "SUCCESS" && task.result !== null) {
    return html`<p class="outcome"><code>${preview(task.result, 120)}</code></p>`;
  }
  if (task.error && task.status !== "REVOKED") {
    return html`<p class="outcome failed">${task.error.type}: ${task.error.message}</p>`;
  }
  return null;
}
