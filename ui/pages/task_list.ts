/** The recent tasks, newest first. */

import { html } from "htm/preact";
import { STATES, type Task } from "../../jobs/wire.ts";
import { preview, shortId } from "../format.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Progress } from "../components/progress.ts";
import { Ago, Elapsed } from "../components/time.ts";
import { href } from "../route.ts";
import { filter, listing, loadMore, taskTypes } from "../state/listing.ts";
import { known } from "../state/tasks.ts";
import { unwatch, watch, watched } from "../state/watched.ts";

export function TaskList() {
  const list = listing.value;
  return html`
    <section aria-labelledby="recent">
      <div class="section-head">
        <h2 id="recent">Recent tasks</h2>
        <${Filters} />
      </div>
      ${list && list.ids.length > 0 ? html`<${Rows} ids=${list.ids} />` : html`
        <div class="empty">
          <p class="muted">
            <${Nothing} />
          </p>
        </div>
      `}
      ${list?.cursor && html`
        <${Button} onClick=${loadMore}>Load more<//>
      `}
    </section>
  `;
}

function Rows({ ids }: { ids: string[] }) {
  return html`
    <div class="card flush rows">
      <div class="row head" aria-hidden="true">
        <span>State</span>
        <span>Task</span>
        <span>Progress, then result</span>
        <span class="row-time"><span>Ran for</span><span>Created</span></span>
      </div>
      <ul>
        ${ids.map((id) => html`<${Row} key=${id} id=${id} />`)}
      </ul>
    </div>
  `;
}

function Nothing() {
  if (listing.value === null) return "Loading…";
  const { state, name } = filter.value;
  return state || name ? "No recent task matches this filter." : "No tasks yet: start one.";
}

function Filters() {
  const { state, name } = filter.value;
  const choose = (key: "state" | "name") => (event: Event) => {
    if (!(event.currentTarget instanceof HTMLSelectElement)) return;
    filter.value = { ...filter.value, [key]: event.currentTarget.value };
  };
  return html`
    <div class="filters">
      <select aria-label="Filter by state" value=${state} onChange=${choose("state")}>
        <option value="">All states</option>
        ${STATES.map((option) => html`<option value=${option}>${option}</option>`)}
      </select>
      <select aria-label="Filter by name" value=${name} onChange=${choose("name")}>
        <option value="">All names</option>
        ${taskTypes.value?.map((type) => html`<option value=${type.name}>${type.name}</option>`)}
      </select>
    </div>
  `;
}

function Row({ id }: { id: string }) {
  const { task, missing } = known(id).value;
  if (!task || missing) return null;
  return html`
    <li class="row" data-task=${id}>
      <${Badge} status=${task.status} />
      <div class="row-main">
        <a class="row-link" href=${href("task", id)} title=${id}>
          ${task.name}<code class="muted">${shortId(id)}</code>
        </a>
        <code class="row-args">${preview(task.args, 60)}</code>
      </div>
      <div class="row-progress">
        <${RowState} task=${task} />
      </div>
      <span class="row-time">
        <span><${Elapsed} task=${task} /></span>
        <span class="muted"><${Ago} iso=${task.created_at} /></span>
      </span>
      <${WatchToggle} task=${task} />
    </li>
  `;
}

/** The bar while there is something to come, one line after that. */
function RowState({ task }: { task: Task }) {
  switch (task.status) {
    case "SUCCESS":
      return html`<code class="row-end">${task.result === null ? "" : preview(task.result)}</code>`;
    case "FAILURE":
      return html`<span class="row-end failed">${task.error?.message}</span>`;
    case "REVOKED":
      return html`<span class="row-end muted">${task.error?.message ?? "Cancelled"}</span>`;
    default:
      return html`<${Progress} task=${task} />`;
  }
}

function WatchToggle({ task }: { task: Task }) {
  const { task_id, name } = task;
  const pressed = watched.value.includes(task_id);
  return html`
    <span class="watch">
      <${Button}
        kind="bare"
        size="small"
        icon="eye"
        pressed=${pressed}
        label=${`Watch ${name} ${shortId(task_id)}`}
        onClick=${() => pressed ? unwatch(task_id) : watch(task_id)}
      />
    </span>
  `;
}
