import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { shortId } from "../format.ts";
import { now } from "../state/clock.ts";
import { Until } from "./time.ts";

/** What is needed of a task to say how far it is. */
type Shown = Pick<Task, "task_id" | "name" | "status" | "stage" | "progress" | "eta" | "queue">;

/** How far a task is: its stage, its percent, and a bar. */
export function Progress({ task }: { task: Shown }) {
  const { status } = task;
  const percent = status === "SUCCESS" ? 100 : Math.round(task.progress);
  const unmeasured = status === "STARTED" && percent === 0;
  return html`
    <div class="progress" data-state=${status}>
      <div class="progress-text">
        <span class="stage"><${Stage} task=${task} /></span>
        <span class="percent">${percent > 0 && `${percent} %`}</span>
      </div>
      <div
        class=${unmeasured ? "bar unmeasured" : "bar"}
        role="progressbar"
        aria-label=${`Progress of ${task.name} ${shortId(task.task_id)}`}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${unmeasured ? undefined : percent}
        aria-valuetext=${task.stage ? `${task.stage}, ${percent} %` : undefined}
      >
        <div style=${unmeasured ? {} : { width: `${percent}%` }}></div>
      </div>
    </div>
  `;
}

const ENDS = { SUCCESS: "Done", FAILURE: "Failed", REVOKED: "Revoked" };

/** What it is at, in the task's own words where it has said so. */
export function Stage({ task }: { task: Shown }) {
  const { status, eta, stage } = task;
  const isDelayed = eta !== null && Date.parse(eta) > now.value;
  if (isDelayed && (status === "PENDING" || status === "RETRY")) {
    return html`${status === "RETRY" ? "Next attempt" : "Starts"} <${Until} iso=${eta} />`;
  }
  if (stage) return stage;
  if (status === "PENDING" || status === "RETRY") return `Waiting in ${task.queue}`;
  return isReady(status) ? ENDS[status] : "Running";
}
