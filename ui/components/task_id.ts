import { html } from "htm/preact";
import { shortId } from "../format.ts";
import { CopyButton } from "./copy_button.ts";

/** A task's id: short, whole on hover, copied on click. */
export function TaskId({ id, whole = false }: { id: string; whole?: boolean }) {
  return html`
    <${CopyButton} text=${id} label=${`Copy ${id}`} class="task-id">
      <code>${whole ? id : shortId(id)}</code>
      <//>
  `;
}
