/** The tasks of a queue that start next. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { PRIORITIES, type QueueInfo, type SummaryPage, type TaskSummary } from "../../jobs/wire.ts";
import { listWaiting } from "../api/system.ts";
import { Loading } from "../components/absence.ts";
import { Badge } from "../components/badge.ts";
import { Card } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";
import { Ago, Until } from "../components/time.ts";
import { count, shortId } from "../format.ts";
import { href } from "../route.ts";
import { attempt } from "../state/connection.ts";
import { tasksHref } from "./queue_actions.ts";

/** What is asked for: the list has the newest first, so that the next are at its end. */
const LOOKED_AT = 100;
const MAX_SHOWN = 10;
/** Milliseconds between two looks at a queue that changes. */
const LOOK_EVERY = 2000;

export function NextTasks({ queue }: { queue: QueueInfo }) {
  const { name, waiting, scheduled, active } = queue;
  const page = useSignal<SummaryPage | null>(null);
  const state = useRef("");
  state.current = `${waiting} ${scheduled} ${active}`;
  useEffect(() => {
    let seen = "";
    const look = () => {
      if (seen === state.current) return;
      seen = state.current;
      void attempt(async () => {
        page.value = await listWaiting(name, LOOKED_AT);
      });
    };
    look();
    const timer = setInterval(look, LOOK_EVERY);
    return () => clearInterval(timer);
  }, [name]);
  const all = waiting + scheduled;
  // With more than that the next ones are not among them.
  const isWhole = page.value !== null && page.value.cursor === null;
  return html`
    <${Card}
      title=${isWhole || page.value === null ? "Next tasks" : "Accepted last"}
      flush
      actions=${all > 0 && html`<a href=${tasksHref(name)}>All ${count(all)}</a>`}
    >
      ${page.value === null
        ? html`
          <div class="nothing">
            <${Loading} />
          </div>
        `
        : page.value.tasks.length === 0
        ? html`<p class="nothing muted">Nothing waits in this queue.</p>`
        : html`
          <${Table}
            label=${isWhole ? "Next tasks" : "Tasks that were accepted last"}
            columns=${COLUMNS}
            rows=${(isWhole ? inOrder(page.value.tasks) : page.value.tasks).slice(0, MAX_SHOWN)}
            rowKey=${({ task_id }: TaskSummary) => task_id}
          />
        `}
    <//>
  `;
}

/** As they will start, if nothing comes between: what waits for its time is behind what is ready. */
export function inOrder(tasks: TaskSummary[]): TaskSummary[] {
  const key = ({ priority, eta, created_at }: TaskSummary): [string, number, string] => [
    eta ?? "",
    PRIORITIES.indexOf(priority),
    created_at,
  ];
  return tasks.toSorted((a, b) => {
    const [one, other] = [key(a), key(b)];
    for (const [index, value] of one.entries()) {
      const than = other[index] ?? "";
      if (value !== than) return value < than ? -1 : 1;
    }
    return 0;
  });
}

const COLUMNS: Column<TaskSummary>[] = [
  {
    label: "Task",
    narrow: true,
    cell: ({ task_id, name }) =>
      html`
        <span class="queue-name">
          <a class="cut" href=${href("task", task_id)}>${name}</a><code class="muted">${shortId(
            task_id,
          )}</code>
        </span>
      `,
  },
  { label: "State", narrow: true, cell: ({ status }) => html`<${Badge} status=${status} />` },
  { label: "Priority", narrow: true, cell: ({ priority }) => priority },
  {
    label: "Arguments",
    cell: ({ args_preview }) => html`<code class="cut">${args_preview}</code>`,
  },
  {
    label: "Starts",
    narrow: true,
    cell: ({ eta }) => eta ? html`<${Until} iso=${eta} />` : "when it is its turn",
  },
  {
    label: "Accepted",
    narrow: true,
    numeric: true,
    cell: ({ created_at }) => html`<${Ago} iso=${created_at} />`,
  },
];
