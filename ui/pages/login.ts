import { html } from "htm/preact";
import { Empty } from "../components/absence.ts";
import { Page } from "../components/page.ts";

export function LoginPage() {
  return html`
    <${Page} title="Log in">
      <${Empty} icon="access" title="There is nothing here yet." />
      <//>
  `;
}
