import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function SystemPage() {
  return html`
    <${Page} title="System">
      <${Empty} icon="system" title="There is nothing here yet." />
      <//>
  `;
}
