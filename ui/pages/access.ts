import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function AccessPage() {
  return html`
    <${Page} title="Access">
      <${Empty} icon="access" title="There is nothing here yet." />
      <//>
  `;
}
