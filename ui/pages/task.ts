/** Everything about one task. */

import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { attemptsOf } from "../attempts.ts";
import { LinkButton } from "../components/button.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Badge } from "../components/badge.ts";
import { CopyButton } from "../components/copy_button.ts";
import { Icon } from "../components/icons.ts";
import { JsonView } from "../components/json_view.ts";
import { Card, Page } from "../components/page.ts";
import { Progress } from "../components/progress.ts";
import { TaskId } from "../components/task_id.ts";
import type { PageProps } from "../pages.ts";
import { href } from "../route.ts";
import { useTask } from "../state/tasks.ts";
import { logOf, stepsOf } from "../steps.ts";
import { Disconnected, Gone } from "./task_absence.ts";
import { TaskActions } from "./task_actions.ts";
import { Attempts } from "./task_attempts.ts";
import { TaskFacts } from "./task_facts.ts";
import { Log } from "./task_log.ts";
import { Timeline } from "./task_timeline.ts";
import { Waiting } from "./task_waiting.ts";

export function TaskPage({ id }: PageProps) {
  const { task, missing, events } = useTask(id ?? "", "events");
  const trail = html`<a href=${href("tasks")}><${Icon} name="back" />Tasks</a>`;
  if (!task) {
    return html`
      <${Page} title="Task" trail=${trail}>
        ${missing
          ? html`
            <${Empty}
              icon="search"
              title=${html`There is no task <code>${id}</code>`}
              hint="It never existed, was deleted, or its result has expired."
              action=${html`<${LinkButton} href=${href("tasks")}>Go to the tasks<//>`}
            />
          `
          : html`<${Loading} lines=${8} />`}
        <${Disconnected} id=${id ?? ""} />
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
      actions=${!missing && html`<${TaskActions} task=${task} />`}
    >
      <div class="opened">
        <${Card} class="opened-head">
          <${Progress} task=${task} />
          ${(task.status === "PENDING" || task.status === "RETRY") && html`
            <${Waiting} task=${task} />
          `}
          ${missing && html`<${Gone} />`}
          <${Disconnected} id=${task.task_id} />
        <//>
        <div class="opened-main">
          <${Ending} task=${task} />
          <${Card} title="Timeline">
            <${Attempts} task=${task} attempts=${attemptsOf(task, events)} />
          <//>
          <${Card} title="Arguments"><${JsonView} value=${task.args} label="the arguments" /><//>
          ${task.meta !== null && html`
            <${Card} title="Meta">
              <${JsonView} value=${task.meta} label="the meta data" />
              <//>
          `}
          <${Log} lines=${logOf(events)} id=${task.task_id} />
        </div>
        <div class="opened-side">
          <${Card} title="Details"><${TaskFacts} task=${task} /><//>
          <${Card} title="Events"><${Timeline} steps=${stepsOf(events)} /><//>
        </div>
      </div>
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
  const { type, message, stack } = error;
  return html`
    <${Card}
      title=${isReady(status) ? "Error" : "Error of the last attempt"}
      actions=${html`
        <${CopyButton} text=${stack ?? `${type}: ${message}`} label="Copy the error" />
      `}
    >
      <p class="failed"><strong>${type}</strong>: ${message}</p>
      ${stack && html`<pre class="stack" tabindex="0" aria-label="Stack">${stack}</pre>`}
    <//>
  `;
}
