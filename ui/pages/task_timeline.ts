import { html } from "htm/preact";
import { clock, exact } from "../format.ts";
import type { Step } from "../steps.ts";
import { Until } from "../components/time.ts";

/** What happened to a task, oldest first. */
export function Timeline({ steps }: { steps: Step[] }) {
  if (steps.length === 0) return html`<p class="muted">Nothing yet.</p>`;
  return html`
    <ol class="timeline">
      ${steps.map((step) => html`<${Row} key=${step.seq} step=${step} />`)}
    </ol>
  `;
}

function Row({ step }: { step: Step }) {
  const { status, stage, at, error, eta } = step;
  return html`
    <li data-state=${status} data-stage=${stage}>
      <span class="what">
        <strong>${status}</strong>
        ${status === "PROGRESS" && stage && html`<span class="stage">${stage}</span>`}
        <span class="muted">${details(step)}</span>
      </span>
      <time class="muted" datetime=${at} title=${exact(at)}>${clock(at)}</time>
      ${error && html`<p class="failed">${error.type}: ${error.message}</p>`}
      ${eta && html`<p class="muted">Due <${Until} iso=${eta} /></p>`}
    </li>
  `;
}

function details({ status, from, to, attempt, worker }: Step): string {
  const [first, last] = [Math.round(from), Math.round(to)];
  const percent = status !== "PROGRESS"
    ? ""
    : first === last
    ? `${last} %`
    : `${first} to ${last} %`;
  const which = attempt !== null && attempt > 1 ? `attempt ${attempt}` : "";
  return [percent, which, status === "STARTED" && worker ? `on ${worker}` : ""]
    .filter(Boolean).join(", ");
}
