/** What stands where there is nothing, or nothing new, to say of a task. */

import { html } from "htm/preact";
import { link } from "../state/connection.ts";

export function Disconnected({ id }: { id: string }) {
  if (link.value !== "lost") return null;
  return html`<p class="lost">Disconnected from <code>${id}</code>. Reconnecting…</p>`;
}

/** Of a task that is not known: not yet, or not at all. */
export function NoTask({ id, missing }: { id: string; missing: boolean }) {
  if (!missing) return html`<p class="muted">Asking for it…</p>`;
  return html`<p class="muted">
    There is no task <code>${id}</code>: it never existed, or its result has expired.
  </p>`;
}

/** Of a task that was known, and that the server has let go of. */
export function Gone() {
  return html`<p class="muted">The server does not keep this task any more.</p>`;
}
