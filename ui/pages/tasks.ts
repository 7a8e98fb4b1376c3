/** All tasks: by state, by what one looks for, and what happens to them. */

import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import { STATES } from "../../jobs/wire.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Button, LinkButton } from "../components/button.ts";
import { Page } from "../components/page.ts";
import { Tabs } from "../components/tabs.ts";
import { count, plural } from "../format.ts";
import { parseQuery, type TaskFilter, withTerm } from "../query.ts";
import { href, route, setQuery } from "../route.ts";
import {
  fresh,
  isAnew,
  isSearching,
  listed,
  MAX_ROWS,
  more,
  openList,
  refusal,
  showNew,
  watchList,
} from "../state/task_list.ts";
import { useTopic } from "../state/topics.ts";
import { ColumnMenu } from "./tasks_columns.ts";
import { isAtTop, Rows } from "./tasks_rows.ts";
import { Chips, Search } from "./tasks_search.ts";
import { clearSelection, hasSelection, SelectionBar } from "./tasks_selection.ts";

export function TasksPage() {
  const { query } = route.value;
  const q = query.get("q") ?? "";
  const state = query.get("state") ?? "";
  const { filter, problem } = useMemo(() => filterOf(q, state), [q, state]);
  useEffect(() => watchList(() => isAtTop() && !hasSelection()), []);
  useEffect(() => {
    clearSelection();
    if (problem) return;
    openList(`${state} ${q}`, filter);
  }, [filter]);
  // The rows are not of a search that is not understood: nothing can be done with them then.
  const start = html`
    <${LinkButton} kind="primary" icon="play" href=${href("start")}>Start a task<//>
  `;
  return html`
    <${Page} title="Tasks" actions=${start}>
      <${StateTabs} state=${state} q=${q} />
      <div class="list-tools">
        <${Search} problem=${problem || refusal.value} />
        <${ColumnMenu} />
      </div>
      <${Chips} />
      <div
        class="list"
        data-anew=${isAnew.value || problem !== ""}
        aria-busy=${`${isAnew.value}`}
        inert=${problem !== ""}
      >
        <${Fresh} />
        <${List} isFiltered=${Object.keys(filter).length > 0} />
      </div>
      ${!problem && html`<${SelectionBar} filter=${filter} />`}
      <//>
  `;
}

/** How many have come to the front that are not shown there yet. */
function Fresh() {
  const goUp = async () => {
    await showNew();
    scrollTo({ top: 0 });
  };
  return html`
    <div class="fresh" role="status">
      ${fresh.value.count > 0 && html`
        <button type="button" class="button pill" onClick=${goUp}>
          ${count(fresh.value.count)}${fresh.value.more && "+"} new
        </button>
      `}
    </div>
  `;
}

/** What the tab and the box ask for together; a state in the box counts more. */
function filterOf(q: string, state: string): { filter: TaskFilter; problem: string } {
  const { filter, problem } = parseQuery(q, Date.now());
  const known = state.split(",").every((each) => (STATES as readonly string[]).includes(each));
  return { filter: known && !filter.state ? { ...filter, state } : filter, problem };
}

const TABS = [
  ["", "All", ["all"]],
  ["PENDING", "Pending", ["PENDING"]],
  ["STARTED,PROGRESS", "Running", ["STARTED", "PROGRESS"]],
  ["RETRY", "Retry", ["RETRY"]],
  ["SUCCESS", "Success", ["SUCCESS"]],
  ["FAILURE", "Failure", ["FAILURE"]],
  ["REVOKED", "Revoked", ["REVOKED"]],
] as const;

/** From here on ended tasks are not counted further. */
const CAP = 10_000;

function StateTabs({ state, q }: { state: string; q: string }) {
  const counts = useTopic("counts");
  const columns = route.value.query.get("columns");
  const tabs = TABS.map(([id, label, states]) => {
    const sum = counts && states.reduce((so, each) => so + counts[each], 0);
    return {
      id,
      label,
      count: sum !== null && counts?.capped && sum >= CAP ? `${count(sum)}+` : sum,
      href: href("tasks", null, { state: id, q: withTerm(q, "state", null), columns }),
    };
  });
  const inBox = parseQuery(q, 0).filter.state;
  return html`<${Tabs} label="States" tabs=${tabs} current=${inBox ?? state} />`;
}

function List({ isFiltered }: { isFiltered: boolean }) {
  const list = listed.value;
  if (!list) return refusal.value ? null : html`<${Loading} lines=${8} />`;
  if (list.ids.length > 0) {
    return html`
      <${Rows} ids=${list.ids} />
      <${End} />
    `;
  }
  if (list.cursor !== null) return html`<${End} />`;
  return isFiltered
    ? html`
      <${Empty}
        icon="search"
        title="No task matches this search"
        hint=${`${plural(list.looked, "task")} searched.`}
        action=${html`
          <${Button} onClick=${() => setQuery({ q: null, state: null })}>Show all tasks<//>
        `}
      />
    `
    : html`
      <${Empty}
        icon="tasks"
        title="No tasks yet"
        hint=${html`Start one here, from your code, or with <code>taskapp call</code>.`}
        action=${html`
          <${LinkButton} kind="primary" icon="play" href=${href("start")}>Start a task<//>
        `}
      />
    `;
}

/** Where the list ends, and whether it goes on. */
function End() {
  const list = listed.value;
  if (!list) return null;
  const { ids, cursor, looked } = list;
  const found = `${plural(ids.length, "task")} of ${count(looked)} searched`;
  if (ids.length >= MAX_ROWS) {
    return html`<p class="list-end muted">${found}. Narrow the search to see what is older.</p>`;
  }
  return html`
    <p class="list-end muted" role="status">
      ${isSearching.value
        ? `${found}. Searching on…`
        : cursor === null
        ? `${found}. There are no more.`
        : html`${found}. <${Button} size="small" onClick=${more}>Go on<//>`}
    </p>
  `;
}
