/** One worker in the list. */

import { html } from "htm/preact";
import type { WorkerInfo } from "../../jobs/wire.ts";
import { type Fact, Facts } from "../components/facts.ts";
import { Ago } from "../components/time.ts";
import { wholeSeconds } from "../format.ts";
import { href } from "../route.ts";
import { now } from "../state/clock.ts";
import { slotsOf } from "../fleet.ts";
import { QuietOrResume, WorkerMenu } from "./workers_buttons.ts";
import { Slots } from "./workers_slots.ts";
import { BusySlots, loadAverage, memory, Mode } from "./workers_words.ts";

/** Tasks that are listed of each; its own page has more. */
const MOST_SLOTS = 8;

interface WorkerCardProps {
  worker: WorkerInfo;
  isSilent: boolean;
  isSelected: boolean;
  onSelect(isSelected: boolean): void;
}

export function WorkerCard({ worker, isSilent, isSelected, onSelect }: WorkerCardProps) {
  const { name, hostname, pid, pool, queues } = worker;
  return html`
    <li class="card worker" data-worker=${name} data-silent=${isSilent}>
      <div class="worker-head">
        <input
          type="checkbox"
          aria-label=${`Select ${name}`}
          checked=${isSelected}
          onChange=${() => onSelect(!isSelected)}
        />
        <h2><a href=${href("workers", name)}>${name}</a></h2>
        <span class="worker-marks"><${Mode} worker=${worker} isSilent=${isSilent} /></span>
        <span class="worker-buttons">
          <${QuietOrResume} worker=${worker} small />
          <${WorkerMenu} worker=${worker} />
        </span>
      </div>
      <p class="muted worker-where">
        ${hostname}, pid ${pid}, ${slotsOf(worker)} ${pool === "async" ? "async tasks" : "threads"},
        takes from ${queues.join(", ")}
      </p>
      <${BusySlots} worker=${worker} />
      <${Slots} worker=${worker} most=${MOST_SLOTS} />
      <${Vitals} worker=${worker} />
    </li>
  `;
}

/** What it takes of its machine, in one line. */
function Vitals({ worker }: { worker: WorkerInfo }) {
  const facts: Fact[] = [
    ["Memory", memory(worker.memory_mib)],
    ["CPU", `${Math.round(worker.cpu_percent)} %`],
    ["Load", loadAverage(worker.load)],
    ["Up", wholeSeconds(now.value - Date.parse(worker.started_at))],
    ["Heartbeat", html`<${Ago} iso=${worker.heartbeat_at} />`],
    ["Version", worker.version],
  ];
  return html`<${Facts} kind="vitals" facts=${facts} />`;
}
