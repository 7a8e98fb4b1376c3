/** The workers that serve a queue, and what they run of it. */

import { html } from "htm/preact";
import type { QueueInfo, WorkerInfo } from "../../jobs/wire.ts";
import { Tag } from "../components/badge.ts";
import { CopyButton } from "../components/copy_button.ts";
import { Card } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";
import { href } from "../route.ts";

/** What is listed at once. */
const MAX_SHOWN = 20;

export function QueueWorkers({ queue, workers }: { queue: QueueInfo; workers: WorkerInfo[] }) {
  const { name } = queue;
  const command = `taskapp work -Q ${name}`;
  const columns: Column<WorkerInfo>[] = [
    {
      label: "Worker",
      cell: (worker) =>
        html`
          <span class="queue-name">
            <a href=${href("workers", worker.name)}>${worker.name}</a>
            ${worker.mode !== "working" && html`<${Tag} tone="warn">${worker.mode}<//>`}
          </span>
        `,
    },
    { label: "Slots", numeric: true, cell: ({ concurrency }) => concurrency },
    {
      label: "Runs of it",
      numeric: true,
      cell: ({ running }) => running.filter((task) => task.queue === name).length,
    },
    { label: "Queues", numeric: true, cell: ({ queues }) => queues.length },
  ];
  return html`
    <${Card} title="Workers" flush>
      ${workers.length === 0
        ? html`
          <div class="nothing">
            <p>No worker serves this queue. Start one:</p>
            <p class="command">
              <code>${command}</code><${CopyButton} text=${command} label="Copy the command" />
            </p>
          </div>
        `
        : html`
          <${Table}
            label="Workers of this queue"
            columns=${columns}
            rows=${workers.slice(0, MAX_SHOWN)}
            rowKey=${(worker: WorkerInfo) => worker.name}
          />
          ${workers.length > MAX_SHOWN && html`
            <p class="nothing"><a href=${href("workers")}>All ${workers.length} workers</a></p>
          `}
        `}
    <//>
  `;
}
