/** What is said of a queue in a few words. */

import { html } from "htm/preact";
import type { QueueInfo, WorkerInfo } from "../../jobs/wire.ts";
import { Tag } from "../components/badge.ts";
import { plural, wholeSeconds } from "../format.ts";
import { workersOf } from "../problems.ts";
import { href } from "../route.ts";

/** What keeps its tasks from starting. */
export function QueueTags({ queue, workers }: { queue: QueueInfo; workers: WorkerInfo[] }) {
  const serving = workersOf(queue.name, workers);
  const isIdle = serving.length > 0 && serving.every(({ mode }) => mode !== "working");
  return html`
    ${queue.paused && html`<${Tag} tone="warn">paused<//>`}
    ${serving.length === 0 && html`
      <${Tag} tone=${queue.waiting > 0 ? "bad" : "muted"}>no worker<//>
    `}
    ${isIdle && html`<${Tag} tone="warn">workers quiet<//>`}
  `;
}

/** From so many milliseconds on a wait stands out. */
const LONG_MS = 60_000;

/** How long the oldest has waited. */
export function OldestWait({ queue }: { queue: QueueInfo }) {
  const ms = queue.oldest_wait_ms;
  if (ms === null) return html`<span class="muted">–</span>`;
  return html`<span class=${ms >= LONG_MS ? "long-wait" : ""}>${wholeSeconds(ms)}</span>`;
}

export function LimitsText({ queue }: { queue: QueueInfo }) {
  const { rate_limit, concurrency_limit } = queue;
  const limits = [
    rate_limit,
    concurrency_limit !== null && `${concurrency_limit} at a time`,
  ].filter(Boolean);
  return limits.length > 0 ? limits.join(", ") : html`<span class="muted">none</span>`;
}

/** Links to the first, and how many there are. */
export function ServedBy({ workers }: { workers: WorkerInfo[] }) {
  const [first] = workers;
  if (!first) return html`<span class="muted">none</span>`;
  if (workers.length > 1) {
    return html`<a href=${href("workers")}>${plural(workers.length, "worker")}</a>`;
  }
  return html`
    <a class="cut" href=${href("workers", first.name)} title=${first.name}>${first.name}</a>
  `;
}
