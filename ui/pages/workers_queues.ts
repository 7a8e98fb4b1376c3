/** The queues that a worker takes from. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { NAME_PATTERN, type WorkerInfo } from "../../jobs/wire.ts";
import { Button } from "../components/button.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { href } from "../route.ts";
import { tell } from "../state/worker_commands.ts";
import { useTopic } from "../state/topics.ts";

export function Queues({ worker: { name, queues } }: { worker: WorkerInfo }) {
  const typed = useSignal("");
  const known = useTopic("queues")?.map((queue) => queue.name) ?? [];
  const queue = typed.value.trim();
  const reason = queue === ""
    ? "Name a queue first."
    : !NAME_PATTERN.test(queue)
    ? "A queue's name has letters, digits, _ . : and - only."
    : queues.includes(queue)
    ? "It takes from that queue already."
    : null;
  const add = async () => {
    await tell(name, { command: "add-queue", queue });
    typed.value = "";
  };
  return html`
    <ul class="worker-queues">
      ${queues.map((each) =>
        html`
          <li key=${each}>
            <a href=${href("queues", each)}>${each}</a>
            <${Button}
              kind="bare"
              size="small"
              icon="close"
              needs="operator"
              label=${`Stop taking from ${each}`}
              disabledReason=${queues.length > 1
                ? null
                : "It is its only queue: quiet has it take no tasks at all."}
              onClick=${() => tell(name, { command: "remove-queue", queue: each })}
            />
          </li>
        `
      )}
    </ul>
    <div class="inline-form">
      <${Labelled} id="add-queue" label="Another queue">
        <input id="add-queue" list="known-queues" autocomplete="off" spellcheck=${false}
          value=${typed} onInput=${(event: Event) => typed.value = valueOf(event)} />
        <datalist id="known-queues">
          ${known.filter((each) => !queues.includes(each)).map((each) =>
            html`<option key=${each} value=${each}></option>`
          )}
        </datalist>
        <//>
        <${Button} icon="add" needs="operator" disabledReason=${reason} onClick=${add}>Add<//>
    </div>
  `;
}
