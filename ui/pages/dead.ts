import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function DeadPage() {
  return html`
    <${Page} title="Dead tasks">
      <${Empty} icon="dead" title="There is nothing here yet." />
      <//>
  `;
}
