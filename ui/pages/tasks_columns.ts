/** The columns of the tasks list, and the reader's choice among them. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { isReady } from "../../jobs/wire.ts";
import { Badge } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Progress, Stage } from "../components/progress.ts";
import { Ago, Elapsed, Until } from "../components/time.ts";
import { shortId } from "../format.ts";
import { href, route, setQuery } from "../route.ts";
import type { Row } from "../state/task_list.ts";

interface TaskColumn {
  label: string;
  /** A track of a CSS grid. */
  width: string;
  numeric?: true;
  cell(task: Row): ComponentChildren;
}

const moment = (iso: string | null) => iso && html`<${Ago} iso=${iso} />`;

export const COLUMNS = {
  state: {
    label: "State",
    width: "98px",
    cell: (task) => html`<${Badge} status=${task.status} />`,
  },
  name: {
    label: "Task",
    width: "minmax(190px, 1.3fr)",
    cell: ({ name, task_id }) =>
      html`
        <a class="row-link" href=${href("task", task_id)} title=${task_id}>
          ${name}<code class="muted">${shortId(task_id)}</code>
        </a>
      `,
  },
  args: {
    label: "Arguments",
    width: "minmax(90px, 1fr)",
    cell: ({ args_preview }) => html`<code title=${args_preview}>${args_preview}</code>`,
  },
  outcome: {
    label: "Progress, then result",
    width: "minmax(140px, 1.3fr)",
    cell: (task) => html`<${Outcome} task=${task} />`,
  },
  queue: { label: "Queue", width: "minmax(70px, 110px)", cell: ({ queue }) => queue },
  worker: { label: "Worker", width: "minmax(100px, 190px)", cell: ({ worker }) => worker },
  priority: { label: "Priority", width: "64px", cell: ({ priority }) => priority },
  attempt: { label: "Attempt", width: "64px", numeric: true, cell: ({ attempt }) => attempt },
  retries: {
    label: "Retries",
    width: "64px",
    numeric: true,
    cell: ({ retries, max_retries }) => `${retries} of ${max_retries}`,
  },
  schedule: { label: "Schedule", width: "minmax(80px, 130px)", cell: ({ schedule }) => schedule },
  key: {
    label: "Concurrency key",
    width: "minmax(80px, 130px)",
    cell: ({ concurrency_key }) => concurrency_key,
  },
  runtime: {
    label: "Ran for",
    width: "84px",
    numeric: true,
    cell: (task) => html`<${Elapsed} task=${task} />`,
  },
  due: {
    label: "Due",
    width: "84px",
    numeric: true,
    cell: ({ eta, status }) => eta && !isReady(status) && html`<${Until} iso=${eta} />`,
  },
  created: {
    label: "Created",
    width: "84px",
    numeric: true,
    cell: ({ created_at }) => moment(created_at),
  },
  started: {
    label: "Started",
    width: "84px",
    numeric: true,
    cell: ({ started_at }) => moment(started_at),
  },
  finished: {
    label: "Finished",
    width: "84px",
    numeric: true,
    cell: ({ finished_at }) => moment(finished_at),
  },
} satisfies { [id: string]: TaskColumn };

export type ColumnId = keyof typeof COLUMNS;

export function column(id: ColumnId): TaskColumn {
  return COLUMNS[id];
}

/** The bar while there is something to come, one line after that. */
export function Outcome({ task }: { task: Row }) {
  if (task.gone) return html`<span class="muted">Not kept any more</span>`;
  switch (task.status) {
    case "SUCCESS":
      return html`<code title=${task.result_preview}>${task.result_preview}</code>`;
    case "FAILURE":
      return html`<${ErrorLine} error=${task.error} />`;
    case "REVOKED":
      return html`<span class="muted">${task.error?.message ?? "Cancelled"}</span>`;
    case "PENDING":
      return html`<span class="muted"><${Stage} task=${task} /></span>`;
    case "RETRY":
      return html`<span class="muted"><${Stage} task=${task} /></span>
        ${" "}<${ErrorLine} error=${task.error} />`;
    default:
      return html`<${Progress} task=${task} />`;
  }
}

function ErrorLine({ error }: Pick<Row, "error">) {
  if (!error) return null;
  const text = `${error.type}: ${error.message}`;
  return html`<span class="failed" title=${text}>${text}</span>`;
}

const ALL = Object.keys(COLUMNS) as ColumnId[];
const DEFAULT: ColumnId[] = ["state", "name", "args", "outcome", "queue", "runtime", "created"];
const KEY = "taskapp.columns";

/** The columns of the address, else those chosen last, else the usual ones; `name` always is. */
export function chosenColumns(): ColumnId[] {
  const text = route.value.query.get("columns") ?? stored();
  const chosen = ALL.filter((id) => id === "name" || text?.split(",").includes(id));
  return text && chosen.length > 1 ? chosen : DEFAULT;
}

/** Keeps a choice in the address and for the next time. */
export function chooseColumns(chosen: ColumnId[]): void {
  const text = ALL.filter((id) => chosen.includes(id)).join(",");
  setQuery({ columns: text === DEFAULT.join(",") ? null : text });
  try {
    localStorage.setItem(KEY, text);
  } catch {
    // A browser that stores nothing: the address has it.
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** Where the columns are chosen. */
export function ColumnMenu() {
  const chosen = chosenColumns();
  const toggle = (id: ColumnId) =>
    chooseColumns(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  return html`
    <div class="column-menu">
      <button type="button" class="button" popovertarget="columns">Columns</button>
      <div class="menu" id="columns" popover="auto" onToggle=${placeBelow}>
        <fieldset>
          <legend>Columns</legend>
          ${ALL.map((id) =>
            html`
              <label key=${id}>
                <input
                  type="checkbox"
                  checked=${chosen.includes(id)}
                  disabled=${id === "name"}
                  onChange=${() => toggle(id)}
                />
                ${column(id).label}
              </label>
            `
          )}
        </fieldset>
        <${Button} size="small" kind="bare" onClick=${() => chooseColumns(DEFAULT)}>
          The usual ones
        <//>
      </div>
    </div>
  `;
}

const GAP = 4;

function placeBelow(event: ToggleEvent): void {
  const menu = event.currentTarget;
  if (event.newState !== "open" || !(menu instanceof HTMLElement)) return;
  const at = menu.previousElementSibling?.getBoundingClientRect();
  if (!at) return;
  const left = Math.max(GAP, at.right - menu.offsetWidth);
  Object.assign(menu.style, { top: `${at.bottom + GAP}px`, left: `${left}px` });
}
