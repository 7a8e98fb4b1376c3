/** The buttons that change a task. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { isReady, type Task } from "../../jobs/wire.ts";
import { cancel, forget, retry } from "../state.ts";

interface ActionProps {
  label: string;
  /** For whom the label alone says too little, because they hear it out of its place. */
  task: Task;
  kind?: "danger";
  run(id: string): Promise<void>;
}

function Action({ label, task, kind, run }: ActionProps) {
  const busy = useSignal(false);
  const click = async () => {
    busy.value = true;
    await run(task.task_id);
    busy.value = false;
  };
  return html`
    <button
      type="button"
      class=${`small ${kind ?? ""}`}
      disabled=${busy}
      aria-label=${`${label} ${task.name}`}
      onClick=${click}
    >
      ${label}
    </button>
  `;
}

/** Cancel for a task that can still end otherwise, Retry for one that has ended. */
export function CancelOrRetry({ task }: { task: Task }) {
  return isReady(task.status)
    ? html`<${Action} key="retry" label="Retry" task=${task} run=${retry} />`
    : html`<${Action} key="cancel" label="Cancel" kind="danger" task=${task} run=${cancel} />`;
}

export function Delete({ task }: { task: Task }) {
  if (!isReady(task.status)) return null;
  return html`<${Action} label="Delete" kind="danger" task=${task} run=${forget} />`;
}
