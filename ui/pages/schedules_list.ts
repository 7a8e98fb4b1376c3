/** All schedules, with when they are due next and how they ended last. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { Schedule } from "../../jobs/wire.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Button } from "../components/button.ts";
import { Card, Page } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";
import { Tabs } from "../components/tabs.ts";
import { TaskOutcome } from "../components/task_outcome.ts";
import { Ago } from "../components/time.ts";
import { valueOf } from "../components/field.ts";
import { count } from "../format.ts";
import { go, href, route, setQuery } from "../route.ts";
import { useShortcut } from "../shortcuts.ts";
import { scheduleHref } from "../state/schedule_actions.ts";
import { useTopic } from "../state/topics.ts";
import { PauseOrResume, RunNow, ScheduleMenu } from "./schedules_buttons.ts";
import { Marks, NextDue, Timing } from "./schedules_words.ts";

/** Rows that are drawn at first; each follows the last task of its schedule. */
const ROWS = 100;
/** What the topic carries at most. */
const MOST = 500;

const create = () => go(href("schedules", "new"));

export function ScheduleList() {
  const schedules = useTopic("schedules");
  useShortcut("c", "New schedule", create);
  return html`
    <${Page}
      title="Schedules"
      subtitle="Tasks that are started again and again."
      actions=${html`
        <${Button} kind="primary" icon="add" needs="operator" onClick=${create}>New schedule<//>
      `}
    >
      ${schedules === null
        ? html`
          <${Card}>
            <${Loading} lines=${6} />
            <//>
        `
        : schedules.length === 0
        ? html`<${NoSchedules} />`
        : html`<${Found} schedules=${schedules} />`}
    <//>
  `;
}

function NoSchedules() {
  return html`
    <${Empty}
      icon="schedules"
      title="Nothing is scheduled yet."
      hint="A schedule starts a task at times that a cron expression names, or every so many seconds."
      action=${html`
        <${Button} icon="add" needs="operator" onClick=${create}>Make the first schedule<//>
      `}
    />
  `;
}

const SHOWN = {
  "": () => true,
  active: ({ next_due_at }: Schedule) => next_due_at !== null,
  paused: ({ paused }: Schedule) => paused,
  ended: ({ paused, next_due_at }: Schedule) => !paused && next_due_at === null,
};

function Found({ schedules }: { schedules: Schedule[] }) {
  const most = useSignal(ROWS);
  const { query } = route.value;
  const show = query.get("show") ?? "";
  const typed = query.get("q") ?? "";
  const kinds = Object.entries(SHOWN);
  const [, isShown = SHOWN[""]] = kinds.find(([kind]) => kind === show) ?? [];
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = schedules.filter((schedule) =>
    isShown(schedule) &&
    words.every((word) => `${schedule.name} ${schedule.task}`.toLowerCase().includes(word))
  );
  const tabs = kinds.map(([id, fits]) => ({
    id,
    label: id === "" ? "All" : id[0]?.toUpperCase() + id.slice(1),
    count: schedules.filter(fits).length,
    href: href("schedules", null, { show: id, q: typed }),
  }));
  return html`
    <${Tabs} label="Schedules by state" tabs=${tabs} current=${show} />
    <div class="schedule-search">
      <input
        type="search"
        aria-label="Search schedules by name or task"
        placeholder="Search by name or task"
        value=${typed}
        onInput=${(event: Event) => setQuery({ q: valueOf(event) })}
      />
    </div>
    ${rows.length === 0
      ? html`<${Empty} icon="search" title="No schedule fits." hint="Change the search or the tab above." />`
      : html`
        <${Card} flush>
          <${Table}
            label="Schedules"
            columns=${COLUMNS}
            rows=${rows.slice(0, most.value)}
            rowKey=${({ name }: Schedule) => name}
          />
          <//>
      `}
    ${rows.length > most.value && html`
      <${Button} onClick=${() => most.value += ROWS}>
        Show more of ${count(rows.length)}
      <//>
    `}
    ${schedules.length >= MOST && html`
      <p class="muted">These are the first ${count(MOST)} by name; the API and
        <code>taskapp schedule ls</code> list all of them.</p>
    `}
  `;
}

const COLUMNS: Column<Schedule>[] = [
  {
    label: "Name",
    cell: (schedule) =>
      html`
        <div>
          <span class="schedule-name">
            <a href=${scheduleHref(schedule.name)}>${schedule.name}</a>
            <${Marks} schedule=${schedule} />
          </span>
          <div class="schedule-task">${schedule.task}</div>
        </div>
      `,
  },
  { label: "When", cell: (schedule) => html`<${Timing} schedule=${schedule} />` },
  { label: "Next run", cell: (schedule) => html`<${NextDue} schedule=${schedule} />` },
  {
    label: "Last run",
    cell: ({ last_task_id, last_due_at }) =>
      last_task_id === null ? html`<span class="muted">none yet</span>` : html`
        <span class="schedule-last">
          <${TaskOutcome} id=${last_task_id} />
          ${last_due_at && html`<span class="muted"><${Ago} iso=${last_due_at} /></span>`}
        </span>
      `,
  },
  {
    label: "",
    narrow: true,
    cell: (schedule) =>
      html`
        <span class="row-buttons">
          <${RunNow} schedule=${schedule} small />
          <${PauseOrResume} schedule=${schedule} small />
          <${ScheduleMenu} schedule=${schedule} withEdit />
        </span>
      `,
  },
];
