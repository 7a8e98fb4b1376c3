import { html } from "htm/preact";
import type { State } from "../../jobs/wire.ts";

export function Badge({ status }: { status: State }) {
  return html`<span class="badge" data-state=${status}>${status}</span>`;
}
