import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function OverviewPage() {
  return html`
    <${Page} title="Overview">
      <${Empty} icon="overview" title="There is nothing here yet." />
      <//>
  `;
}
