/** How many of each task may start, and for how long they may run: changed while they run. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { TaskType, TaskTypeLimits } from "../../jobs/wire.ts";
import { listTaskTypes } from "../api/tasks.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Tag } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Card, Page } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";
import { wholeSeconds } from "../format.ts";
import { attempt } from "../state/connection.ts";
import { LimitsDialog } from "./workers_limits_dialog.ts";
import { WorkersTabs } from "./workers_tabs.ts";

/** Milliseconds between looks for what others have changed. */
const LOOK_EVERY = 5000;

export function TaskLimits() {
  const types = useSignal<TaskType[] | null>(null);
  const edited = useSignal<TaskType | null>(null);
  useEffect(() => {
    const look = () =>
      attempt(async () => {
        types.value = (await listTaskTypes()).task_types;
      });
    void look();
    const timer = setInterval(look, LOOK_EVERY);
    return () => clearInterval(timer);
  }, []);
  const onChanged = (changed: TaskType) => {
    types.value = types.value?.map((type) => type.name === changed.name ? changed : type) ?? null;
  };
  const columns = [...COLUMNS, {
    label: "",
    narrow: true,
    cell: (type: TaskType) =>
      html`
        <${Button} size="small" icon="edit" needs="operator" label=${`Change the limits of ${type.name}`}
          onClick=${() => {
            edited.value = type;
          }}>Change<//>
      `,
  }];
  return html`
    <${Page} title="Workers" subtitle="What all workers together may do of each task.">
      <${WorkersTabs} current="limits" />
      ${types.value === null
        ? html`
          <${Card}>
            <${Loading} lines=${6} />
            <//>
        `
        : types.value.length === 0
        ? html`<${Empty} icon="tasks" title="No task is defined yet." />`
        : html`
          <${Card} flush>
            <${Table} label="Limits by task" columns=${columns} rows=${types.value}
              rowKey=${({ name }: TaskType) => name} />
            <//>
        `}
      ${edited.value && html`
        <${LimitsDialog}
          type=${edited.value}
          onChanged=${onChanged}
          onClose=${() => {
            edited.value = null;
          }}
        />
      `}
    <//>
  `;
}

const COLUMNS: Column<TaskType>[] = [
  {
    label: "Task",
    cell: ({ name, description }) =>
      html`
        <div class="limit-task"><strong>${name}</strong><span class="muted">${description}</span></div>
      `,
  },
  { label: "Rate limit", cell: (type) => limitCell(type, "rate_limit", (value) => `${value}`) },
  { label: "Time limit", cell: (type) => limitCell(type, "time_limit", time) },
  { label: "Soft time limit", cell: (type) => limitCell(type, "soft_time_limit", time) },
];

/** What counts, and whether it was set at run time. */
function limitCell(
  type: TaskType,
  field: keyof TaskTypeLimits,
  words: (value: string | number) => string,
) {
  const [counts, set, defined] = [type[field], type.set[field], type.defined[field]];
  const none = field === "rate_limit" ? "none" : "as the worker";
  return html`
    <span class="limit">
      ${counts === null ? html`<span class="muted">${none}</span>` : words(counts)}
      ${set !== null && html`
        <span title=${`Its definition says ${defined === null ? none : words(defined)}`}>
          <${Tag} tone="accent">set<//>
        </span>
      `}
    </span>
  `;
}

function time(seconds: string | number): string {
  return seconds === 0 ? "none" : wholeSeconds(Number(seconds) * 1000);
}
