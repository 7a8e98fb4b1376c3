import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function AuditPage() {
  return html`
    <${Page} title="Audit">
      <${Empty} icon="audit" title="There is nothing here yet." />
      <//>
  `;
}
