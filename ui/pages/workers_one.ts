/** One worker: what it runs, what it is, and telling it what to do. */

import { html } from "htm/preact";
import type { ThreadInfo, WorkerInfo } from "../../jobs/wire.ts";
import { Empty, Loading } from "../components/absence.ts";
import { LinkButton } from "../components/button.ts";
import { type Fact, Facts } from "../components/facts.ts";
import { Icon } from "../components/icons.ts";
import { Card, Page } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";
import { Ago } from "../components/time.ts";
import { count, wholeSeconds } from "../format.ts";
import { href } from "../route.ts";
import { now } from "../state/clock.ts";
import { useFleet } from "../state/fleet.ts";
import { QuietOrResume, RestartPool, ShutDown } from "./workers_buttons.ts";
import { Pool } from "./workers_pool.ts";
import { Queues } from "./workers_queues.ts";
import { Slots } from "./workers_slots.ts";
import { BusySlots, loadAverage, memory, Mode } from "./workers_words.ts";

export function OneWorker({ name }: { name: string }) {
  const { workers, silent } = useFleet();
  const worker = workers?.find((each) => each.name === name);
  const trail = html`<a href=${href("workers")}><${Icon} name="back" />Workers</a>`;
  if (!worker) {
    return html`
      <${Page} title=${name} trail=${trail}>
        ${workers === null
          ? html`
            <${Card}>
              <${Loading} lines=${6} />
              <//>
          `
          : html`<${Gone} name=${name} />`}
      <//>
    `;
  }
  return html`
    <${Page}
      title=${name}
      mark=${html`<${Mode} worker=${worker} isSilent=${silent.has(name)} />`}
      subtitle=${`${worker.hostname}, pid ${worker.pid}`}
      trail=${trail}
      actions=${html`
        <${QuietOrResume} worker=${worker} />
        <${RestartPool} worker=${worker} />
        <${ShutDown} worker=${worker} />
      `}
    >
      ${silent.has(name) && html`<${Silence} />`}
      <div class="worker-page">
        <div class="worker-column">
          <${Card} title="Running">
            <${BusySlots} worker=${worker} />
            <${Slots} worker=${worker} most=${100} />
          <//>
          ${worker.threads.length > 0 && html`
            <${Card} title="Threads" flush>
              <${Table} label="Threads" columns=${THREADS} rows=${worker.threads}
                rowKey=${({ slot }: ThreadInfo) => slot} />
              <//>
          `}
          <${Card} title="Tasks that it knows"><${Tasks} names=${worker.tasks} /><//>
        </div>
        <div class="worker-column">
          <${Card} title="Pool"><${Pool} worker=${worker} /><//>
          <${Card} title="Queues"><${Queues} worker=${worker} /><//>
          <${Card} title="Since its start"><${Facts} facts=${counts(worker)} /><//>
          <${Card} title="Process"><${Facts} facts=${process(worker)} /><//>
        </div>
      </div>
    <//>
  `;
}

function Gone({ name }: { name: string }) {
  return html`
    <${Empty}
      icon="workers"
      title=${`No worker named ${name} is alive.`}
      hint="It has ended, or nothing was heard of it. A worker that starts again has a new name."
      action=${html`<${LinkButton} href=${href("workers")}>All workers<//>`}
    />
  `;
}

function Silence() {
  return html`
    <p class="worker-silent" role="status">
      Nothing has been heard of it for some seconds. When its lease runs out, other workers take over what it runs.
    </p>
  `;
}

const THREADS: Column<ThreadInfo>[] = [
  { label: "Slot", cell: ({ slot }) => slot },
  { label: "Tasks done", numeric: true, cell: ({ tasks_done }) => count(tasks_done) },
  {
    label: "Memory after the last",
    numeric: true,
    cell: ({ memory_mib }) =>
      memory_mib === null ? html`<span class="muted">–</span>` : memory(memory_mib),
  },
];

function Tasks({ names }: { names: string[] }) {
  return html`
    <ul class="names">
      ${names.map((name) => html`<li key=${name}><a href=${href("start", name)}>${name}</a></li>`)}
    </ul>
  `;
}

function counts({ processed, failed, retried, last_command }: WorkerInfo): Fact[] {
  const told = last_command && html`
    ${last_command.command}: ${last_command.outcome}${" "}
    <span class="muted"><${Ago} iso=${last_command.at} /></span>
  `;
  return [
    ["Processed", count(processed)],
    ["Failed", count(failed)],
    ["Retried", count(retried)],
    ...(told ? [["Told last", told] satisfies Fact] : []),
  ];
}

function process(worker: WorkerInfo): Fact[] {
  const limit = (seconds: number) => seconds === 0 ? "none" : wholeSeconds(seconds * 1000);
  return [
    ["Memory", memory(worker.memory_mib)],
    ["CPU", `${Math.round(worker.cpu_percent)} % of one core`],
    ["Load", loadAverage(worker.load)],
    ["Up for", wholeSeconds(now.value - Date.parse(worker.started_at))],
    ["Heartbeat", html`<${Ago} iso=${worker.heartbeat_at} />`],
    ["Time limit", limit(worker.time_limit)],
    ["Soft limit", limit(worker.soft_time_limit)],
    ["Prefetch", `up to ${worker.prefetch_multiplier} a slot`],
    [
      "Per thread",
      worker.max_tasks_per_child === null
        ? "any number of tasks"
        : `${count(worker.max_tasks_per_child)} tasks`,
    ],
    ["taskapp", worker.version],
    ["Deno", worker.deno],
    ["System", worker.os],
  ];
}
