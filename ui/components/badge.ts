import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { State } from "../../jobs/wire.ts";

/** A task's state, in Celery's words. */
export function Badge({ status }: { status: State }) {
  return html`<span class="badge" data-state=${status}>${status}</span>`;
}

export type Tone = "good" | "bad" | "warn" | "accent" | "muted";

/** A word in the colour of its meaning, such as "paused". */
export function Tag({ tone = "muted", children }: { tone?: Tone; children?: ComponentChildren }) {
  return html`<span class="tag" data-tone=${tone}>${children}</span>`;
}
