import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function WorkersPage() {
  return html`
    <${Page} title="Workers">
      <${Empty} icon="workers" title="There is nothing here yet." />
      <//>
  `;
}
