/** Everything about one task. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { isReady, type Json, type Task } from "../../jobs/wire.ts";
import { wholeSeconds } from "../format.ts";
import { known, unwatch, watch, watched } from "../state.ts";
import { logOf, stepsOf } from "../steps.ts";
import { Disconnected, Gone, NoTask } from "./absence.ts";
import { CancelOrRetry, Delete } from "./actions.ts";
import { Badge } from "./badge.ts";
import { Icon } from "./icons.ts";
import { Log } from "./log.ts";
import { Progress } from "./progress.ts";
import { TaskId } from "./task_id.ts";
import { Ago, Elapsed, Until } from "./time.ts";
import { Timeline } from "./timeline.ts";

export function TaskPage({ id }: { id: string }) {
  const { task, missing } = known(id).value;
  return html`
    <p class="back"><a href="#/"><${Icon} name="back" />All tasks</a></p>
    ${task ? html`<${Opened} task=${task} missing=${missing} />` : html`
      <div class="empty">
        <${NoTask} id=${id} missing=${missing} />
      </div>
    `}
  `;
}

function Opened({ task, missing }: { task: Task; missing: boolean }) {
  const { events } = known(task.task_id).value;
  return html`
    <article class="opened">
      <div class="panel opened-head">
        <div class="title">
          <h1>${task.name}</h1>
          <${Badge} status=${task.status} />
          <div class="actions">
            <${WatchButton} id=${task.task_id} />
            ${!missing && html`
              <${CancelOrRetry} task=${task} />
              <${Delete} task=${task} />
            `}
          </div>
        </div>
        <p class="call"><${TaskId} id=${task.task_id} whole /></p>
        <${Progress} task=${task} />
        ${missing && html`<${Gone} />`}
        <${Disconnected} id=${task.task_id} />
      </div>
      <div class="opened-main">
        <${Ending} task=${task} />
        <${Part} title="Arguments"><${Value} value=${task.args} /><//>
        ${task.meta !== null && html`
          <${Part} title="Meta">
            <${Value} value=${task.meta} />
            <//>
        `}
        <${Part} title="Log"><${Log} lines=${logOf(events)} /><//>
      </div>
      <div class="opened-side">
        <${Part} title="Details"><${Facts} task=${task} /><//>
        <${Part} title="Timeline"><${Timeline} steps=${stepsOf(events)} /><//>
      </div>
    </article>
  `;
}

function WatchButton({ id }: { id: string }) {
  const pressed = watched.value.includes(id);
  return html`
    <button
      type="button"
      class="small"
      aria-pressed=${pressed}
      onClick=${() => pressed ? unwatch(id) : watch(id)}
    >
      ${pressed ? "Watching" : "Watch"}
    </button>
  `;
}

function Part({ title, children }: { title: string; children?: ComponentChildren }) {
  return html`<section class="panel part"><h2>${title}</h2>${children}</section>`;
}

/** The result, or why there is none. */
function Ending({ task }: { task: Task }) {
  const { status, error, result } = task;
  if (status === "SUCCESS") {
    return html`
      <${Part} title="Result">
        <${Value} value=${result} />
        <//>
    `;
  }
  if (!error) return null;
  return html`
    <${Part} title=${isReady(status) ? "Error" : "Error of the last attempt"}>
      <p class="failed"><strong>${error.type}</strong>: ${error.message}</p>
      ${error.stack && html`<pre class="stack">${error.stack}</pre>`}
    <//>
  `;
}

function Value({ value }: { value: Json }) {
  const line = JSON.stringify(value);
  return html`<pre>${line.length <= 72 ? line : indented(value, line)}</pre>`;
}

function indented(value: Json, line: string): string {
  try {
    return JSON.stringify(value, null, 2);
  } catch {
    return line; // nested too deeply to be indented
  }
}

/** Null is as the worker decides. */
function limits({ soft_time_limit, time_limit }: Task): string {
  const word = (seconds: number | null) =>
    seconds === null ? "the worker's" : seconds === 0 ? "none" : wholeSeconds(seconds * 1000);
  return `soft: ${word(soft_time_limit)}, hard: ${word(time_limit)}`;
}

function Facts({ task }: { task: Task }) {
  const facts: [label: string, value: ComponentChildren][] = [
    ["Created", html`<${Ago} iso=${task.created_at} />`],
    ["Not before", task.eta && !isReady(task.status) && html`<${Until} iso=${task.eta} />`],
    ["Expires", task.expires && html`<${Until} iso=${task.expires} />`],
    ["Started", task.started_at && html`<${Ago} iso=${task.started_at} />`],
    ["Finished", task.finished_at && html`<${Ago} iso=${task.finished_at} />`],
    ["Run time", task.started_at && html`<${Elapsed} task=${task} />`],
    ["Queue", task.queue],
    ["Priority", task.priority],
    ["Worker", task.worker],
    ["Attempt", `${task.attempt}`],
    ["Retries", `${task.retries} of ${task.max_retries}`],
    ["Deliveries", `${task.deliveries}`],
    ["Time limit", limits(task)],
  ];
  return html`
    <dl class="facts">
      ${facts.filter(([, value]) => value).map(([label, value]) =>
        html`
          <div key=${label}>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>
        `
      )}
    </dl>
  `;
}
