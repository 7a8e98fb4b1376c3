/** The rows of the tasks list, of which only those on the screen are drawn. */

import { type Signal, signal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Badge } from "../components/badge.ts";
import { Ago } from "../components/time.ts";
import { VirtualRows } from "../components/virtual_rows.ts";
import { shortId } from "../format.ts";
import { href } from "../route.ts";
import { useShortcut } from "../shortcuts.ts";
import { listed, more, type Row, row, showRow } from "../state/task_list.ts";
import { chosenColumns, column, type ColumnId, Outcome } from "./tasks_columns.ts";
import {
  clearSelection,
  isSelected,
  selected,
  toggleLoaded,
  toggleSelected,
} from "./tasks_selection.ts";

/** Pixels; the style sheet draws them so. */
const WIDE = 38;
const NARROW = 64;
/** What the header and the heads of the list hide at the top of the window. */
const COVERED = 110;

const narrow = matchMedia("(width < 760px)");
const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => isNarrow.value = narrow.matches);

/** The row that the keys are at. */
const active = signal<string | null>(null);

/** Whether somebody goes through the list with the keys. */
export function hasActive(): boolean {
  return active.peek() !== null;
}

export function Rows({ ids }: { ids: string[] }) {
  const columns = chosenColumns();
  const list = useRef<HTMLDivElement>(null);
  const height = isNarrow.value ? NARROW : WIDE;
  useKeys(ids, height, list);
  useEffect(() => () => active.value = null, []);
  const rowOf = useRows(columns, isNarrow.value);
  const tracks = ["34px", ...columns.map((id) => column(id).width)].join(" ");
  return html`
    <div class="card flush task-rows" ref=${list} style=${{ "--tracks": tracks }}>
      <div class="task-row head">
        <input
          type="checkbox"
          aria-label="Select all rows that are loaded"
          checked=${selected.value.size > 0 && ids.every(isSelected)}
          onChange=${toggleLoaded}
        />
        ${!isNarrow.value &&
          columns.map((id) =>
            html`<span key=${id} class=${column(id).numeric && "numeric"} aria-hidden="true">
            ${column(id).label}
          </span>`
          )}
        ${isNarrow.value && html`<span aria-hidden="true">Select all</span>`}
      </div>
      <${VirtualRows}
        label="Tasks"
        count=${ids.length}
        rowHeight=${height}
        rowKey=${(index: number) => ids[index] ?? ""}
        row=${(index: number) => rowOf(ids[index] ?? "")}
        onEnd=${more}
      />
    </div>
  `;
}

/** Rows that are kept as they were made. */
const MAX_MADE = 300;

/** Makes rows; one that is there already is the same object, so that scrolling does not draw it again. */
function useRows(columns: ColumnId[], narrow: boolean): (id: string) => ComponentChildren {
  const made = useMemo(() => new Map<string, ComponentChildren>(), [columns.join(), narrow]);
  return (id) => {
    let row = made.get(id);
    if (row === undefined) {
      if (made.size >= MAX_MADE) made.clear();
      made.set(id, row = html`<${RowOf} id=${id} columns=${columns} narrow=${narrow} />`);
    }
    return row;
  };
}

interface RowProps {
  id: string;
  columns: ColumnId[];
  narrow: boolean;
}

function RowOf({ id, columns, narrow }: RowProps) {
  const known: Signal<Row> | undefined = row(id);
  const box = useRef<HTMLDivElement>(null);
  const isActive = active.value === id;
  useEffect(() => showRow(id), [id]);
  useLayoutEffect(() => {
    if (isActive) {
      box.current?.querySelector<HTMLElement>(".row-link")?.focus({ preventScroll: true });
    }
  }, [isActive]);
  const task = known?.value;
  if (!task) return null;
  return html`
    <div
      class="task-row"
      ref=${box}
      data-task=${id}
      data-gone=${task.gone}
      data-selected=${isSelected(id) ? "" : undefined}
    >
      <input
        type="checkbox"
        aria-label=${`Select ${task.name} ${shortId(id)}`}
        checked=${isSelected(id)}
        onClick=${(event: MouseEvent) => toggleSelected(id, event.shiftKey)}
      />
      ${narrow
        ? html`<${Narrow} task=${task} />`
        : columns.map((each) =>
          html`<div key=${each} class=${`cell ${column(each).numeric ? "numeric" : ""}`}>${
            column(each).cell(task)
          }</div>`
        )}
    </div>
  `;
}

/** Two lines for a phone, whatever the columns. */
function Narrow({ task }: { task: Row }) {
  return html`
    <div class="narrow-top">
      <a class="row-link" href=${href("task", task.task_id)}>${task.name}</a>
      <${Badge} status=${task.status} />
      <span class="muted"><${Ago} iso=${task.created_at} /></span>
    </div>
    <div class="narrow-bottom">
      <code class="muted">${task.args_preview}</code>
      <span class="cell"><${Outcome} task=${task} /></span>
    </div>
  `;
}

/** j and k go through the rows, x selects, Escape lets go; Enter opens, as the row's link has the focus. */
function useKeys(ids: string[], height: number, list: { current: HTMLElement | null }): void {
  const step = (by: 1 | -1) => () => {
    const at = active.value === null ? -1 : ids.indexOf(active.value);
    const next = Math.min(ids.length - 1, Math.max(0, at + by));
    active.value = ids[next] ?? null;
    scrollToRow(list.current, next, height);
  };
  useShortcut("j", "Next task (Enter opens it)", step(1));
  useShortcut("k", "Task before", step(-1));
  useShortcut("x", "Select the task, or not", () => {
    if (active.value) toggleSelected(active.value, false);
  });
  useShortcut("Escape", "Clear the selection", () => {
    clearSelection();
    active.value = null;
  });
}

/** Brings a row to the screen if it is not there. */
function scrollToRow(list: HTMLElement | null, index: number, height: number): void {
  const rows = list?.querySelector(".virtual-rows");
  if (!rows) return;
  const top = rows.getBoundingClientRect().top + index * height;
  if (top < COVERED) scrollBy({ top: top - COVERED });
  else if (top + 2 * height > innerHeight) scrollBy({ top: top + 2 * height - innerHeight });
}

/** Whether the reader sees the beginning of the list and is at nothing in particular. */
export function isAtTop(): boolean {
  return scrollY < WIDE && !hasActive() && !document.querySelector(".menu:popover-open") &&
    listed.peek() !== null;
}
