import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { shortId } from "../format.ts";
import { Icon } from "./icons.ts";

/** A task's id: short, whole on hover, copied on click where the browser allows that. */
export function TaskId({ id, whole = false }: { id: string; whole?: boolean }) {
  const copied = useSignal(false);
  const text = whole ? id : shortId(id);
  // Absent on pages that were not loaded over HTTPS or from this machine.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (!clipboard) return html`<code class="task-id" title=${id}>${text}</code>`;
  const copy = async () => {
    await clipboard.writeText(id);
    copied.value = true;
    setTimeout(() => copied.value = false, 1500);
  };
  return html`
    <button type="button" class="task-id" title=${`${id} (click to copy)`} onClick=${copy}>
      <code>${text}</code>
      <${Icon} name=${copied.value ? "done" : "copy"} />
      <span class="hidden" role="status">${copied.value ? "Copied" : ""}</span>
    </button>
  `;
}
