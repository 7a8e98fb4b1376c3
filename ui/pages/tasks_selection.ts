/** Which rows are selected, and what can be done with them. */

import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { type BulkAction, STATES } from "../../jobs/wire.ts";
import { Button } from "../components/button.ts";
import { plural } from "../format.ts";
import type { TaskFilter } from "../query.ts";
import { begin, listed } from "../state/task_list.ts";
import { BulkDialog } from "./tasks_bulk.ts";

export const selected = signal<ReadonlySet<string>>(new Set());
/** All that fit the search, also those that are not loaded. */
const isAll = signal(false);
const asked = signal<BulkAction | null>(null);
/** From where a click with the shift key selects. */
let anchor: string | null = null;

export function clearSelection(): void {
  selected.value = new Set();
  isAll.value = false;
  anchor = null;
}

/** Whether anything is selected, so that the list should not move. */
export function hasSelection(): boolean {
  return isAll.peek() || selected.peek().size > 0;
}

export function isSelected(id: string): boolean {
  return isAll.value || selected.value.has(id);
}

/** Selects a row or takes it out; with `isRange` all from the last one on alike. */
export function toggleSelected(id: string, isRange: boolean): void {
  const ids = listed.peek()?.ids ?? [];
  const next = new Set(isAll.peek() ? ids : selected.peek());
  const isOn = !next.has(id);
  const [from, to] = [ids.indexOf(anchor ?? id), ids.indexOf(id)].sort((a, b) => a - b);
  const range = isRange && from !== undefined && from >= 0 && to !== undefined
    ? ids.slice(from, to + 1)
    : [id];
  for (const each of range) {
    if (isOn) next.add(each);
    else next.delete(each);
  }
  isAll.value = false;
  anchor = id;
  selected.value = next;
}

/** Selects all rows that are loaded, or none. */
export function toggleLoaded(): void {
  const isOn = selected.peek().size === 0 && !isAll.peek();
  clearSelection();
  if (isOn) selected.value = new Set(listed.peek()?.ids);
}

/** Selects everything that fits the search. */
export function selectMatching(): void {
  isAll.value = true;
}

/** What can be done with the selection; nothing is shown while there is none. */
export function SelectionBar({ filter }: { filter: TaskFilter }) {
  const { size } = selected.value;
  if (!isAll.value && size === 0) return null;
  const action = asked.value;
  const what = isAll.value ? "all tasks that match" : plural(size, "selected task");
  const act = (next: BulkAction) => () => {
    asked.value = next;
  };
  const close = (changed: boolean) => {
    asked.value = null;
    if (!changed) return;
    clearSelection();
    void begin();
  };
  return html`
    <div class="selection" role="region" aria-label="Selection">
      <p role="status">${isAll.value ? "All that match" : plural(size, "task")} selected</p>
      ${!isAll.value && html`
        <${Button} size="small" kind="bare" onClick=${selectMatching}>Select all that match<//>
      `}
      <div class="selection-actions">
        <${Button} size="small" needs="operator" onClick=${act("cancel")}>Cancel<//>
        <${Button} size="small" needs="operator" onClick=${act("retry")}>Retry<//>
        <${Button} size="small" kind="danger" needs="operator" onClick=${act("delete")}>Delete<//>
        <${Button} size="small" kind="bare" icon="close" label="Clear the selection"
          onClick=${clearSelection} />
      </div>
      ${action && html`
        <${BulkDialog}
          action=${action}
          what=${what}
          target=${isAll.value ? { filter: everything(filter) } : { ids: [...selected.value] }}
          onClose=${close}
        />
      `}
    </div>
  `;
}

/** A filter that says something, for the server refuses one that does not. */
function everything(filter: TaskFilter): TaskFilter {
  return Object.keys(filter).length > 0 ? filter : { state: STATES.join(",") };
}
