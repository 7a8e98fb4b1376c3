import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function SchedulesPage() {
  return html`
    <${Page} title="Schedules">
      <${Empty} icon="schedules" title="There is nothing here yet." />
      <//>
  `;
}
