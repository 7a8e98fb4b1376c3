/** The tasks of one group. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { DeadGroup, Task, TaskSummary } from "../../jobs/wire.ts";
import { listDead } from "../api/dead.ts";
import { getTask } from "../api/tasks.ts";
import { Loading } from "../components/absence.ts";
import { Button } from "../components/button.ts";
import { type Column, Table } from "../components/table.ts";
import { Ago } from "../components/time.ts";
import { keyOf, keyOfTask } from "../dead_groups.ts";
import { shortId } from "../format.ts";
import { href } from "../route.ts";
import { attempt } from "../state/connection.ts";
import { filterOf, forgetOne, replayOne } from "../state/dead_actions.ts";
import { RetryDialog } from "./task_retry.ts";

const PAGE = 25;
/** Requests for one page: a search may come back with nothing and yet not be at its end. */
const MAX_LOOKS = 20;

interface Found {
  tasks: TaskSummary[];
  cursor: string | null;
}

export function GroupTasks({ group }: { group: DeadGroup }) {
  const found = useSignal<Found | null>(null);
  const most = useSignal(PAGE);
  const edited = useSignal<Task | null>(null);
  const key = keyOf(group);
  useEffect(() => {
    let isCurrent = true;
    void attempt(async () => {
      const now = await look(group, most.value, () => isCurrent);
      if (isCurrent) found.value = now;
    });
    return () => isCurrent = false;
  }, [key, group.count, group.last_at, most.value]);
  if (found.value === null) {
    return html`
      <div class="dead-loading">
        <${Loading} lines=${3} />
      </div>
    `;
  }
  const { tasks, cursor } = found.value;
  const gone = (id: string) => {
    found.value = { tasks: tasks.filter(({ task_id }) => task_id !== id), cursor };
  };
  return html`
    <${Table}
      label=${`Tasks of ${key}`}
      columns=${columns(gone, (task) => edited.value = task)}
      rows=${tasks}
      rowKey=${({ task_id }: TaskSummary) => task_id}
    />
    ${cursor !== null && html`
      <p class="dead-more">
        <${Button} size="small" onClick=${() => most.value += PAGE}>Show more<//>
      </p>
    `}
    ${edited.value && html`
      <${RetryDialog} task=${edited.value} onClose=${() => edited.value = null} />
    `}
  `;
}

/** The newest so many of a group. */
async function look(group: DeadGroup, wanted: number, goOn: () => boolean): Promise<Found> {
  const key = keyOf(group);
  const tasks: TaskSummary[] = [];
  let cursor: string | null = null;
  for (let looks = 0; looks < MAX_LOOKS && goOn(); looks++) {
    const page = await listDead(filterOf(group), wanted, cursor);
    tasks.push(...page.tasks.filter((task) => keyOfTask(task) === key));
    cursor = page.cursor;
    if (cursor === null || tasks.length >= wanted) break;
  }
  return { tasks, cursor };
}

/**
 * @param gone is told what needs not be shown any more
 * @param edit is given a task that is to run again with other arguments
 */
function columns(
  gone: (id: string) => void,
  edit: (task: Task) => void,
): Column<TaskSummary>[] {
  return [
    {
      label: "Task",
      cell: ({ task_id }) =>
        html`
          <a href=${href("task", task_id)} title=${task_id}><code>${shortId(task_id)}</code></a>
        `,
    },
    {
      label: "Arguments",
      cell: ({ args_preview }) => html`<code class="dead-args">${args_preview}</code>`,
    },
    { label: "Error", cell: ({ error }) => html`<span class="failed">${error?.message}</span>` },
    { label: "Attempts", numeric: true, cell: ({ attempt }) => attempt },
    {
      label: "Failed",
      cell: ({ finished_at }) => finished_at && html`<${Ago} iso=${finished_at} />`,
    },
    {
      label: "",
      narrow: true,
      cell: (task) => html`<${Buttons} task=${task} gone=${gone} edit=${edit} />`,
    },
  ];
}

interface ButtonsProps {
  task: TaskSummary;
  gone(id: string): void;
  edit(task: Task): void;
}

function Buttons({ task, gone, edit }: ButtonsProps) {
  const id = shortId(task.task_id);
  const run = (action: typeof replayOne) => async () => {
    if (await action(task)) gone(task.task_id);
  };
  return html`
    <span class="dead-buttons">
      <${Button} size="small" kind="bare" icon="retry" needs="operator" label=${`Replay ${id}`}
        onClick=${run(replayOne)} />
      <${Button} size="small" kind="bare" icon="edit" needs="operator"
        label=${`Replay ${id} with other arguments`}
        onClick=${async () => edit(await getTask(task.task_id))} />
      <${Button} size="small" kind="bare" icon="trash" needs="operator" label=${`Forget ${id}`}
        onClick=${run(forgetOne)} />
    </span>
  `;
}
