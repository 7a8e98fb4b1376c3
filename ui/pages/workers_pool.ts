/** How many tasks a worker runs at once, and changing that. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { WorkerInfo } from "../../jobs/wire.ts";
import { Button } from "../components/button.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { slotsOf } from "../fleet.ts";
import { tell } from "../state/worker_commands.ts";
import { shrinkRefusal } from "./workers_buttons.ts";

export function Pool({ worker }: { worker: WorkerInfo }) {
  const { name, pool, concurrency, min_concurrency, max_concurrency } = worker;
  const by = useSignal("1");
  const n = Number(by.value);
  const noNumber = Number.isInteger(n) && n >= 1 ? null : "Say by how many.";
  return html`
    <p class="pool-size">
      <strong>${slotsOf(worker)}</strong>
      <span class="muted">
        ${pool === "async" ? "async tasks at once" : "threads"}${min_concurrency < max_concurrency
          ? `, ${concurrency} now`
          : ""}
      </span>
    </p>
    <div class="inline-form" role="group" aria-label="Size of the pool">
      <${Button} icon="down" needs="operator"
        disabledReason=${noNumber ?? shrinkRefusal(worker, n)}
        onClick=${() => tell(name, { command: "shrink", n })}>Shrink<//>
      <label class="by">
        by
        <input type="number" min="1" value=${by}
          onInput=${(event: Event) => by.value = valueOf(event)} />
      </label>
      <${Button} icon="add" needs="operator" disabledReason=${noNumber}
        onClick=${() => tell(name, { command: "grow", n })}>Grow<//>
    </div>
    <${Autoscale} key=${`${min_concurrency} ${max_concurrency}`} worker=${worker} />
  `;
}

function Autoscale({ worker }: { worker: WorkerInfo }) {
  const { name, min_concurrency, max_concurrency } = worker;
  const min = useSignal(`${min_concurrency}`);
  const max = useSignal(`${max_concurrency}`);
  const [least, most] = [Number(min.value), Number(max.value)];
  const isRight = Number.isInteger(least) && Number.isInteger(most) && least >= 1;
  const reason = !isRight
    ? "Both must be whole numbers from 1."
    : least > most
    ? "The first must not be more than the second."
    : least === min_concurrency && most === max_concurrency
    ? "That is how it is."
    : null;
  const number = (id: string, label: string, of: typeof min) =>
    html`
      <${Labelled} id=${id} label=${label}>
        <input id=${id} type="number" min="1" value=${of}
          onInput=${(event: Event) => of.value = valueOf(event)} />
        <//>
    `;
  return html`
    <div class="inline-form autoscale" role="group" aria-label="Autoscale">
      ${number("autoscale-min", "At least", min)}
      ${number("autoscale-max", "At most", max)}
      <${Button} needs="operator" disabledReason=${reason}
        onClick=${() => tell(name, { command: "autoscale", min: least, max: most })}>Set<//>
    </div>
  `;
}
