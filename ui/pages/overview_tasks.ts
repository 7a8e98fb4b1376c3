/** What runs now, and what failed last. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import {
  isReady,
  type RunningTask,
  type TaskCounts,
  type TaskSummary,
  type WorkerInfo,
} from "../../jobs/wire.ts";
import { listFailed } from "../api/system.ts";
import { Loading } from "../components/absence.ts";
import { Card } from "../components/page.ts";
import { Progress } from "../components/progress.ts";
import { Ago } from "../components/time.ts";
import { count, shortId, wholeSeconds } from "../format.ts";
import { href } from "../route.ts";
import { now } from "../state/clock.ts";
import { attempt } from "../state/connection.ts";
import { useTask } from "../state/tasks.ts";

/** So many of each are shown. */
const MAX_SHOWN = 6;

interface Running extends RunningTask {
  worker: string;
}

/** The longest running first: those are what somebody looks for. */
export function RunningNow({ workers }: { workers: WorkerInfo[] }) {
  const all = workers
    .flatMap(({ name, running }) => running.map((task): Running => ({ ...task, worker: name })))
    .sort((a, b) => a.started_at < b.started_at ? -1 : 1);
  const more = href("tasks", null, { state: "STARTED,PROGRESS" });
  return html`
    <${Card}
      title="Running now"
      flush
      actions=${all.length > MAX_SHOWN && html`<a href=${more}>All ${count(all.length)}</a>`}
    >
      ${all.length === 0 ? html`<p class="nothing muted">Nothing runs at this moment.</p>` : html`
        <ul class="brief">
          ${all.slice(0, MAX_SHOWN).map((task) =>
            html`<${RunningRow} key=${task.task_id} running=${task} />`
          )}
        </ul>
      `}
    <//>
  `;
}

function RunningRow({ running }: { running: Running }) {
  const { task_id, name, worker, started_at, stage } = running;
  const { task } = useTask(task_id, "state");
  // The socket tells of its end before its worker does.
  if (task && isReady(task.status)) return null;
  return html`
    <li class="brief-row" data-task=${task_id}>
      <p class="brief-name">
        <a href=${href("task", task_id)}>${name}</a>
        <code class="muted">${shortId(task_id)}</code>
      </p>
      <p class="brief-side muted">
        <a href=${href("workers", worker)}>${worker}</a>
        <span>${wholeSeconds(now.value - Date.parse(started_at))}</span>
      </p>
      ${task
        ? html`<${Progress} task=${task} />`
        : html`<p class="brief-stage muted">${stage ?? "Running"}</p>`}
    </li>
  `;
}

/** Renewed when the number of failed tasks changes. */
export function LastFailed({ counts }: { counts: TaskCounts }) {
  const failed = useSignal<TaskSummary[] | null>(null);
  useEffect(() => {
    void attempt(async () => {
      failed.value = (await listFailed(MAX_SHOWN)).tasks;
    });
  }, [counts.FAILURE]);
  return html`
    <${Card}
      title="Failed last"
      flush
      actions=${counts.FAILURE > 0 && html`<a href=${href("dead")}>Dead tasks</a>`}
    >
      ${failed.value === null
        ? html`
          <div class="nothing">
            <${Loading} />
          </div>
        `
        : failed.value.length === 0
        ? html`<p class="nothing muted">No task has failed for good.</p>`
        : html`
          <ul class="brief">
            ${failed.value.map((task) => html`<${FailedRow} key=${task.task_id} task=${task} />`)}
          </ul>
        `}
    <//>
  `;
}

function FailedRow({ task }: { task: TaskSummary }) {
  const { task_id, name, error, finished_at } = task;
  return html`
    <li class="brief-row" data-task=${task_id}>
      <p class="brief-name">
        <a href=${href("task", task_id)}>${name}</a>
        <code class="muted">${shortId(task_id)}</code>
      </p>
      <p class="brief-side muted">${finished_at && html`<${Ago} iso=${finished_at} />`}</p>
      <p class="brief-error failed">
        ${error ? html`<strong>${error.type}</strong>: ${error.message}` : "No error is known."}
      </p>
    </li>
  `;
}
