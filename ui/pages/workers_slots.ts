/** What runs in the slots of a worker. */

import { html } from "htm/preact";
import type { RunningTask, WorkerInfo } from "../../jobs/wire.ts";
import { Progress } from "../components/progress.ts";
import { plural, shortId, wholeSeconds } from "../format.ts";
import { href } from "../route.ts";
import { now } from "../state/clock.ts";
import { useTask } from "../state/tasks.ts";

/** Milliseconds; what runs shorter is not followed, so that a busy worker costs little. */
const FOLLOWED_AFTER = 1500;

/** @param most how many are listed */
export function Slots({ worker, most }: { worker: WorkerInfo; most: number }) {
  const { running, concurrency, name, active } = worker;
  const idle = Math.max(0, concurrency - running.length);
  const more = Math.max(running.length, active) - Math.min(most, running.length);
  return html`
    <div class="slots">
      ${running.length > 0 && html`
        <ul aria-label=${`What ${name} runs`}>
          ${running.slice(0, most).map((run) =>
            html`<${Slot} key=${`${run.task_id} ${run.attempt}`} run=${run} />`
          )}
        </ul>
      `}
      ${more > 0 && html`
        <p class="muted"><a href=${href("tasks", null, {
          state: "STARTED,PROGRESS",
          q: `worker:${name}`,
        })}>
          and ${more} more
        </a></p>
      `}
      ${idle > 0 && more <= 0 && html`<p class="slots-idle">${plural(idle, "idle slot")}</p>`}
    </div>
  `;
}

function Slot({ run }: { run: RunningTask }) {
  const { task_id, name, slot, attempt, queue } = run;
  const ms = Math.max(0, now.value - Date.parse(run.started_at));
  return html`
    <li class=${slot === "main" ? "slot unnumbered" : "slot"} data-task=${task_id}>
      ${slot !== "main" && html`<span class="slot-number" title="Slot">${slot}</span>`}
      <span class="slot-task">
        <a href=${href("task", task_id)} title=${`${task_id}, from ${queue}`}>${name}</a>
        <code class="muted">${shortId(task_id)}</code>
        ${attempt > 1 && html`<span class="muted">attempt ${attempt}</span>`}
      </span>
      ${ms >= FOLLOWED_AFTER
        ? html`<${Followed} run=${run} />`
        : html`<span class="slot-progress muted">${run.stage ?? "just started"}</span>`}
      <span class="slot-time">${wholeSeconds(ms)}</span>
    </li>
  `;
}

/** How far it is, live. */
function Followed({ run }: { run: RunningTask }) {
  const { task } = useTask(run.task_id, "state");
  return html`
    <div class="slot-progress">
      ${task ? html`<${Progress} task=${task} />` : html`<span class="muted">${run.stage}</span>`}
    </div>
  `;
}
