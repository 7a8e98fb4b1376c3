import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function QueuesPage() {
  return html`
    <${Page} title="Queues">
      <${Empty} icon="queues" title="There is nothing here yet." />
      <//>
  `;
}
