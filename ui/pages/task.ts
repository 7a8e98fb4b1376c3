/** Everything about one task. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { wholeSeconds } from "../format.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Icon } from "../components/icons.ts";
import { JsonView } from "../components/json_view.ts";
import { Card, Page } from "../components/page.ts";
import { Progress } from "../components/progress.ts";
import { TaskId } from "../components/task_id.ts";
import { Ago, Elapsed, Until } from "../components/time.ts";
import type { PageProps } from "../pages.ts";
import { href } from "../route.ts";
import { useTask } from "../state/tasks.ts";
import { unwatch, watch, watched } from "../state/watched.ts";
import { logOf, stepsOf } from "../steps.ts";
import { Disconnected, Gone, NoTask } from "./task_absence.ts";
import { CancelOrRetry, Delete } from "./task_actions.ts";
import { Log } from "./task_log.ts";
import { Timeline } from "./task_timeline.ts";

export function TaskPage({ id }: PageProps) {
  const { task, missing, events } = useTask(id ?? "", "events");
  const trail = html`<a href=${href("tasks")}><${Icon} name="back" />Tasks</a>`;
  if (!task) {
    return html`
      <${Page} title="Task" trail=${trail}>
        <${NoTask} id=${id ?? ""} missing=${missing} />
        <//>
    `;
  }
  return html`
    <${Page}
      title=${task.name}
      windowTitle=${`${task.name}: ${task.status}`}
      mark=${html`<${Badge} status=${task.status} />`}
      subtitle=${html`<${TaskId} id=${task.task_id} whole />`}
      trail=${trail}
      actions=${html`
        <${WatchButton} id=${task.task_id} />
        ${!missing && html`
          <${CancelOrRetry} task=${task} />
          <${Delete} task=${task} />
        `}
      `}
    >
      <div class="opened">
        <${Card} class="opened-head">
          <${Progress} task=${task} />
          ${missing && html`<${Gone} />`}
          <${Disconnected} id=${task.task_id} />
        <//>
        <div class="opened-main">
          <${Ending} task=${task} />
          <${Card} title="Arguments"><${JsonView} value=${task.args} label="the arguments" /><//>
          ${task.meta !== null && html`
            <${Card} title="Meta">
              <${JsonView} value=${task.meta} label="the meta data" />
              <//>
          `}
          <${Card} title="Log"><${Log} lines=${logOf(events)} /><//>
        </div>
        <div class="opened-side">
          <${Card} title="Details"><${Facts} task=${task} /><//>
          <${Card} title="Timeline"><${Timeline} steps=${stepsOf(events)} /><//>
        </div>
      </div>
    <//>
  `;
}

function WatchButton({ id }: { id: string }) {
  const pressed = watched.value.includes(id);
  const change = () => pressed ? unwatch(id) : watch(id);
  return html`
    <${Button} size="small" icon="eye" pressed=${pressed} onClick=${change}>
      ${pressed ? "Watching" : "Watch"}
    <//>
  `;
}

/** The result, or why there is none. */
function Ending({ task }: { task: Task }) {
  const { status, error, result } = task;
  if (status === "SUCCESS") {
    return html`
      <${Card} title="Result">
        <${JsonView} value=${result} label="the result" />
        <//>
    `;
  }
  if (!error) return null;
  return html`
    <${Card} title=${isReady(status) ? "Error" : "Error of the last attempt"}>
      <p class="failed"><strong>${error.type}</strong>: ${error.message}</p>
      ${error.stack && html`<pre class="stack">${error.stack}</pre>`}
    <//>
  `;
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
