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
import { entriesOf, type Entry } from "../schedule_runs.ts";
import { useTask } from "../state/tasks.ts";

/** Rows that are drawn at first; each follows its task. */
const FIRST = 25;

export function Runs({ runs }: { runs: ScheduleRun[] }) {
  const all = useSignal(false);
  const entries = entriesOf(runs);
  if (runs.length === 0) {
    return html`
      <${Empty}
        icon="schedules"
        title="It has not run yet."
        hint="Run it now, or wait for its time."
      />
    `;
  }
  return html`
    <${Table}
      label="Runs, the newest first"
      columns=${COLUMNS}
      rows=${all.value ? entries : entries.slice(0, FIRST)}
      rowKey=${({ run, from }: Entry) => `${from ?? run.due_at} ${run.at} ${run.task_id}`}
    />
    ${!all.value && entries.length > FIRST && html`
      <p class="table-more">
        <${Button} size="small" onClick=${() => all.value = true}>Show all ${entries.length}<//>
      </p>
    `}
  `;
}

const COLUMNS: Column<Entry>[] = [
  {
    label: "Due",
    cell: (entry) => html`<span class="run-due"><${Due} entry=${entry} /></span>`,
  },
  {
    label: "Outcome",
    cell: ({ run: { task_id, skipped }, count }) =>
      html`
        <span class="run-outcome">
          ${skipped && html`
            <${Tag} tone="warn">${count > 1 ? `skipped ${count} times` : "skipped"}<//>
            <span class="muted">${skipped}</span>
          `}
          ${task_id && html`<${TaskOutcome} id=${task_id} />`}
        </span>
      `,
  },
  {
    label: "Ran for",
    numeric: true,
    cell: ({ run: { task_id, skipped } }) =>
      task_id && !skipped ? html`<${RunTime} id=${task_id} />` : null,
  },
];

/** When it was due; of those by hand when that was. */
function Due({ entry: { run: { due_at, until, at }, from } }: { entry: Entry }) {
  if (due_at === null) return html`<${Exact} iso=${at} /><span class="muted">by hand</span>`;
  const [first, last] = [from ?? due_at, until ?? due_at];
  if (first === last) return html`<${Exact} iso=${first} />`;
  return html`<${Exact} iso=${first} /><span class="muted">to</span><${Exact} iso=${last} />`;
}

function RunTime({ id }: { id: string }) {
  const { task } = useTask(id, "state");
  return task && html`<${Elapsed} task=${task} />`;
}
