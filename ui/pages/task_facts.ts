/** What else there is to say of a task. */

import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { type Fact, Facts } from "../components/facts.ts";
import { Ago, Elapsed, Exact, Until } from "../components/time.ts";
import { wholeSeconds } from "../format.ts";
import { termText } from "../query.ts";
import { href } from "../route.ts";

export function TaskFacts({ task }: { task: Task }) {
  const { queue, worker, schedule, concurrency_key, unique_key } = task;
  const facts: Fact[] = [
    ["Created", html`<${Exact} iso=${task.created_at} />`],
    ["Not before", task.eta && !isReady(task.status) && html`<${Until} iso=${task.eta} />`],
    ["Expires", task.expires && html`<${Until} iso=${task.expires} />`],
    ["Started", task.started_at && html`<${Exact} iso=${task.started_at} />`],
    ["Finished", task.finished_at && html`<${Ago} iso=${task.finished_at} />`],
    ["Run time", task.started_at && html`<${Elapsed} task=${task} />`],
    ["Queue", html`<a href=${href("queues", queue)}>${queue}</a>`],
    ["Priority", task.priority],
    ["Worker", worker && html`<a href=${href("workers", worker)}>${worker}</a>`],
    ["Schedule", schedule && html`<a href=${href("schedules", schedule)}>${schedule}</a>`],
    ["Attempt", `${task.attempt}`],
    ["Retries", `${task.retries} of ${task.max_retries}`],
    ["Deliveries", `${task.deliveries}`],
    ["Time limit", limits(task)],
    ["Rate limit", task.rate_limit],
    [
      "Takes turns",
      concurrency_key && `${concurrency_key}, ${task.concurrency_limit ?? 1} at a time`,
    ],
    ["Unique by", unique_key],
    ["When lost", task.on_lost === "fail" ? "fails" : null],
  ];
  const same = href("tasks", null, { q: termText("name", task.name) });
  return html`
    <${Facts} facts=${facts} />
    <p class="facts-more"><a href=${same}>All tasks of this name</a></p>
  `;
}

/** Null is as the worker decides. */
function limits({ soft_time_limit, time_limit }: Task): string {
  if (soft_time_limit === null && time_limit === null) return "as the worker says";
  const word = (seconds: number | null) =>
    seconds === null ? "the worker's" : seconds === 0 ? "none" : wholeSeconds(seconds * 1000);
  return `soft: ${word(soft_time_limit)}, hard: ${word(time_limit)}`;
}
