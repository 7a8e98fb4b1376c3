import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { preview, shortId } from "../format.ts";
import { known, unwatch } from "../state.ts";
import { Disconnected, Gone, NoTask } from "./absence.ts";
import { CancelOrRetry } from "./actions.ts";
import { Badge } from "./badge.ts";
import { Icon } from "./icons.ts";
import { Progress } from "./progress.ts";
import { TaskId } from "./task_id.ts";
import { Ago, Elapsed } from "./time.ts";

/** One watched task. */
export function TaskCard({ id }: { id: string }) {
  const { task, missing } = known(id).value;
  return html`
    <li class="panel card" data-task=${id}>
      <div class="card-head">
        <h3>
          <a href=${`#/tasks/${encodeURIComponent(id)}`}>${task?.name ?? `Task ${shortId(id)}`}</a>
        </h3>
        ${task && html`<${Badge} status=${task.status} />`}
        <button
          type="button"
          class="bare"
          title="Stop watching"
          aria-label=${`Stop watching ${task?.name ?? "task"} ${shortId(id)}`}
          onClick=${() => unwatch(id)}
        >
          <${Icon} name="close" />
        </button>
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
    <div class="card-foot">
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
