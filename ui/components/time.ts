/** Moments and lengths of time that keep up with the clock. */

import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { duration, exact, moment, relative, wholeSeconds } from "../format.ts";
import { now } from "../state/clock.ts";

/** How long ago a moment was; exact on hover. */
export function Ago({ iso }: { iso: string }) {
  return html`<time datetime=${iso} title=${exact(iso)}>${relative(iso, now.value)}</time>`;
}

/** How long until a moment; exact on hover. */
export function Until({ iso }: { iso: string }) {
  const left = Date.parse(iso) - now.value;
  const text = left > 1000 ? `in ${wholeSeconds(left)}` : "now";
  return html`<time datetime=${iso} title=${exact(iso)}>${text}</time>`;
}

/** A moment by date and time; with its milliseconds and in UTC on hover. */
export function Exact({ iso }: { iso: string }) {
  return html`<time datetime=${iso} title=${exact(iso)}>${moment(iso)}</time>`;
}

/** How long a task has run; nothing before it starts. */
export function Elapsed(
  { task }: { task: Pick<Task, "runtime_ms" | "started_at" | "status"> },
) {
  if (task.runtime_ms !== null) return duration(task.runtime_ms);
  if (task.started_at === null || isReady(task.status)) return null;
  return wholeSeconds(now.value - Date.parse(task.started_at));
}
