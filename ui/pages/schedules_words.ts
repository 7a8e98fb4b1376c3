/** What a schedule says of itself, in words. */

import { html } from "htm/preact";
import type { Schedule } from "../../jobs/wire.ts";
import { Tag } from "../components/badge.ts";
import { Until } from "../components/time.ts";
import { dueWords } from "../cron_words.ts";

/** When it is due; the cron expression on hover. */
export function Timing({ schedule }: { schedule: Schedule }) {
  const { cron, timezone } = schedule;
  return html`
    <span class="schedule-when" title=${cron ?? undefined}>
      ${dueWords(schedule)}${cron !== null && html`
        <span class="muted">${timezone}</span>
      `}
    </span>
  `;
}

/** How long until its next run, or why there is none. */
export function NextDue({ schedule: { paused, next_due_at } }: { schedule: Schedule }) {
  if (next_due_at !== null) return html`<${Until} iso=${next_due_at} />`;
  return html`<span class="muted">${paused ? "not while paused" : "none"}</span>`;
}

export function Marks({ schedule }: { schedule: Schedule }) {
  const { paused, in_code, next_due_at } = schedule;
  return html`
    ${paused && html`<${Tag} tone="warn">paused<//>`}
    ${!paused && next_due_at === null && html`<${Tag}>ended<//>`}
    ${in_code && html`<${Tag} tone="accent">in code<//>`}
  `;
}

/** Moments by the clock of a zone, each with how long until then. */
export function Times({ times, timezone }: { times: string[]; timezone: string }) {
  return html`
    <ol class="times">
      ${times.map((iso) =>
        html`
          <li key=${iso}>
            <span>${inZone(iso, timezone)}</span>
            <span class="muted"><${Until} iso=${iso} /></span>
          </li>
        `
      )}
    </ol>
    <p class="hint">By the clock of ${timezone}.</p>
  `;
}

/** A moment by the clock of a zone: "Mon 24 Nov 2026, 09:00:00". */
function inZone(iso: string, timeZone: string): string {
  return new Date(iso).toLocaleString("en-GB", {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}
