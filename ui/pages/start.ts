import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Page } from "../components/page.ts";
import type { PageProps } from "../pages.ts";
import { loadTaskTypes } from "../state/listing.ts";
import { StartForm } from "./start_form.ts";

/** Choose a task, fill in its arguments, send it off. */
export function StartPage({ id }: PageProps) {
  useEffect(() => void loadTaskTypes(), []);
  return html`
    <${Page} title="Start a task">
      <${StartForm} name=${id} />
      <//>
  `;
}
