/** All live workers, and what they run; several can be told something at once. */

import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { WorkerInfo } from "../../jobs/wire.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Button } from "../components/button.ts";
import { Meter } from "../components/meter.ts";
import { Card, Page } from "../components/page.ts";
import { count, plural } from "../format.ts";
import { useFleet } from "../state/fleet.ts";
import { shutDown, tellAll } from "../state/worker_commands.ts";
import { WorkerCard } from "./workers_card.ts";
import { WorkersTabs } from "./workers_tabs.ts";
import { memory } from "./workers_words.ts";

/** Workers that are drawn at first. */
const FIRST = 30;

export function WorkerList() {
  const { workers, silent } = useFleet();
  return html`
    <${Page} title="Workers" subtitle="The processes that run tasks.">
      <${WorkersTabs} current="" count=${workers?.length} />
      ${workers === null
        ? html`
          <${Card}>
            <${Loading} lines=${6} />
            <//>
        `
        : workers.length === 0
        ? html`
          <${Empty}
            icon="workers"
            title="No worker is alive."
            hint=${html`Tasks wait until there is one: start it with <code>taskapp work</code>.`}
          />
        `
        : html`<${All} workers=${workers} silent=${silent} />`}
    <//>
  `;
}

function All({ workers, silent }: { workers: WorkerInfo[]; silent: ReadonlySet<string> }) {
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const most = useSignal(FIRST);
  const select = (name: string, isSelected: boolean) => {
    const names = new Set(selected.value);
    if (isSelected) names.add(name);
    else names.delete(name);
    selected.value = names;
  };
  return html`
    <${Totals} workers=${workers} silent=${silent} />
    <${Selection} workers=${workers} selected=${selected} />
    <ul class="workers">
      ${workers.slice(0, most.value).map((worker) =>
        html`
          <${WorkerCard}
            key=${worker.name}
            worker=${worker}
            isSilent=${silent.has(worker.name)}
            isSelected=${selected.value.has(worker.name)}
            onSelect=${(isSelected: boolean) => select(worker.name, isSelected)}
          />
        `
      )}
    </ul>
    ${workers.length > most.value && html`
      <${Button} onClick=${() => most.value += FIRST}>Show more of ${workers.length}<//>
    `}
  `;
}

function Totals({ workers, silent }: { workers: WorkerInfo[]; silent: ReadonlySet<string> }) {
  const sum = (of: (worker: WorkerInfo) => number) =>
    workers.reduce((total, worker) => total + of(worker), 0);
  const busy = sum(({ active }) => active);
  const slots = sum(({ concurrency }) => concurrency);
  const notes = [
    ...["quiet", "stopping"].map((mode) => ({
      mode,
      many: workers.filter((worker) => worker.mode === mode).length,
    })),
    { mode: "silent", many: silent.size },
  ].filter(({ many }) => many > 0).map(({ mode, many }) => `${many} ${mode}`);
  return html`
    <dl class="totals">
      <div>
        <dt>Workers</dt>
        <dd>${count(workers.length)} <span class="muted">${notes.join(", ")}</span></dd>
      </div>
      <div>
        <dt>Busy slots</dt>
        <dd>${count(busy)} <span class="muted">of ${count(slots)}</span></dd>
        <dd>
          <${Meter} value=${busy} max=${slots} label="Busy slots of all workers" />
        </dd>
      </div>
      <div>
        <dt>Memory</dt>
        <dd>${memory(sum(({ memory_mib }) => memory_mib))}</dd>
      </div>
      <div>
        <dt>Processed</dt>
        <dd>
          ${count(sum(({ processed }) => processed))}${" "}
          <span class="muted">${count(sum(({ failed }) => failed))} failed</span>
        </dd>
      </div>
    </dl>
  `;
}

/** Telling several at once. */
function Selection(
  { workers, selected }: { workers: WorkerInfo[]; selected: Signal<ReadonlySet<string>> },
) {
  const chosen = workers.filter(({ name }) => selected.value.has(name));
  const isAll = chosen.length === workers.length;
  const names = chosen.map(({ name }) => name);
  const toggle = () => selected.value = new Set(isAll ? [] : workers.map(({ name }) => name));
  const nobody = chosen.length === 0 ? "Select workers first." : null;
  return html`
    <div class="selection" role="group" aria-label="Selected workers">
      <label>
        <input
          type="checkbox"
          checked=${isAll}
          indeterminate=${chosen.length > 0 && !isAll}
          onChange=${toggle}
        />
        ${chosen.length === 0 ? "Select all" : `${plural(chosen.length, "worker")} selected`}
      </label>
      <${Button} size="small" icon="pause" needs="operator" disabledReason=${nobody}
        onClick=${() => tellAll(names, { command: "quiet" })}>Quiet<//>
      <${Button} size="small" icon="play" needs="operator" disabledReason=${nobody}
        onClick=${() => tellAll(names, { command: "resume" })}>Resume<//>
      <${Button} size="small" kind="danger" icon="stop" needs="operator" disabledReason=${nobody}
        onClick=${() => shutDown(chosen)}>Shut down<//>
    </div>
  `;
}
