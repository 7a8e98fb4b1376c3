/** All queues, how long they are and who serves them. */

import { html } from "htm/preact";
import type { QueueInfo, WorkerInfo } from "../../jobs/wire.ts";
import { Empty, Loading } from "../components/absence.ts";
import { LinkButton } from "../components/button.ts";
import { Menu } from "../components/menu.ts";
import { Card, Page } from "../components/page.ts";
import { Sparkline } from "../components/sparkline.ts";
import { type Column, Table } from "../components/table.ts";
import { count } from "../format.ts";
import { rate } from "../history.ts";
import { workersOf } from "../problems.ts";
import { href } from "../route.ts";
import { useHistory } from "../state/history.ts";
import { useTopic } from "../state/topics.ts";
import { actionsOf, useQueueCommands } from "./queue_actions.ts";
import { LimitsText, OldestWait, QueueTags, ServedBy } from "./queue_parts.ts";

export function QueueList() {
  const queues = useTopic("queues");
  const workers = useTopic("workers");
  useQueueCommands(queues);
  return html`
    <${Page}
      title="Queues"
      actions=${html`<${LinkButton} kind="primary" icon="play" href="#/start">Start a task<//>`}
    >
      ${queues === null || workers === null
        ? html`<${Loading} lines=${6} />`
        : queues.length === 0
        ? html`
          <${Empty}
            icon="queues"
            title="There is no queue yet."
            hint="A queue is there when a task names it, or a worker serves it."
          />
        `
        : html`
          <${Card} flush class="queue-rows">
            <${QueueTable} queues=${queues} workers=${workers} />
            <//>
        `}
    <//>
  `;
}

function QueueTable({ queues, workers }: { queues: QueueInfo[]; workers: WorkerInfo[] }) {
  const history = useHistory("15m");
  const course = (name: string) => history?.points.map((point) => point.queues[name]?.ended ?? 0);
  const columns: Column<QueueInfo>[] = [
    {
      label: "Queue",
      cell: (queue) =>
        html`
          <span class="queue-name">
            <a href=${href("queues", queue.name)}>${queue.name}</a>
            <${QueueTags} queue=${queue} workers=${workers} />
          </span>
        `,
    },
    { label: "Waiting", numeric: true, cell: ({ waiting }) => count(waiting) },
    { label: "Scheduled", numeric: true, cell: ({ scheduled }) => count(scheduled) },
    { label: "Running", numeric: true, cell: ({ active }) => count(active) },
    {
      label: "Oldest wait",
      numeric: true,
      cell: (queue) => html`<${OldestWait} queue=${queue} />`,
    },
    {
      label: "Ended per min",
      numeric: true,
      cell: ({ name, ended_per_minute }) => {
        const values = course(name) ?? [];
        return html`
          <span class="queue-rate">
            ${values.some((value) => value > 0) && html`
              <${Sparkline} values=${values} label=${`Ended in ${name}, the last 15 minutes`} />
            `}
            <span class="queue-rate-number">
              ${ended_per_minute === null ? "–" : rate(ended_per_minute)}
            </span>
          </span>
        `;
      },
    },
    { label: "Limits", cell: (queue) => html`<${LimitsText} queue=${queue} />` },
    {
      label: "Workers",
      cell: ({ name }) => html`<${ServedBy} workers=${workersOf(name, workers)} />`,
    },
    {
      label: "",
      narrow: true,
      cell: (queue) =>
        html`<${Menu} label=${`Actions for ${queue.name}`} items=${actionsOf(queue)} />`,
    },
  ];
  return html`
    <${Table} label="Queues" columns=${columns} rows=${queues} rowKey=${({ name }: QueueInfo) =>
      name} />
  `;
}
