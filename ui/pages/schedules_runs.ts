/** What became of a schedule's times. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ScheduleRun } from "../../jobs/wire.ts";
import { Empty } from "../components/absence.ts";
import { Tag } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { type Column, Table } from "../components/table.ts";
import { TaskOutcome } from "../components/task_outcome.ts";
import { Elapsed, Exact } from "../components/time.ts";
import { useTask } from "../state/tasks.ts";

/** Runs that are drawn at first; each follows its task. */
const FIRST = 25;

export function Runs({ runs }: { runs: ScheduleRun[] }) {
  const all = useSignal(false);
  if (runs.length === 0) {
    return html`
      <${Empty} icon="schedules" title="It has not run yet."
        hint="Run it now, or wait for its time." />
    `;
  }
  return html`
    <${Table}
      label="Runs, the newest first"
      columns=${COLUMNS}
      rows=${all.value ? runs : runs.slice(0, FIRST)}
      rowKey=${({ at, due_at, task_id }: ScheduleRun) => `${at} ${due_at} ${task_id}`}
    />
    ${!all.value && runs.length > FIRST && html`
      <p class="table-more">
        <${Button} size="small" onClick=${() => all.value = true}>Show all ${runs.length}<//>
      </p>
    `}
  `;
}

const COLUMNS: Column<ScheduleRun>[] = [
  {
    label: "Due",
    cell: (run) => html`<span class="run-due"><${Due} run=${run} /></span>`,
  },
  {
    label: "Outcome",
    cell: ({ task_id, skipped }) =>
      html`
        <span class="run-outcome">
          ${skipped && html`<${Tag} tone="warn">skipped<//><span class="muted">${skipped}</span>`}
          ${task_id && html`<${TaskOutcome} id=${task_id} />`}
        </span>
      `,
  },
  {
    label: "Ran for",
    numeric: true,
    cell: ({ task_id, skipped }) => task_id && !skipped && html`<${RunTime} id=${task_id} />`,
  },
];

/** When it was due; of those by hand when that was. */
function Due({ run: { due_at, until, at } }: { run: ScheduleRun }) {
  if (due_at === null) return html`<${Exact} iso=${at} /><span class="muted">by hand</span>`;
  if (until === null) return html`<${Exact} iso=${due_at} />`;
  return html`<${Exact} iso=${due_at} /><span class="muted">to</span><${Exact} iso=${until} />`;
}

function RunTime({ id }: { id: string }) {
  const { task } = useTask(id, "state");
  return task && html`<${Elapsed} task=${task} />`;
}
