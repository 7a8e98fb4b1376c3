/** The way between the pages: a sidebar, and on a phone a bar at the bottom. */

import { signal } from "@preact/signals";
import { html } from "htm/preact";
import type { PageName } from "../route.ts";
import { isAtLeast } from "../../jobs/wire.ts";
import { Dialog } from "../components/dialog.ts";
import { Icon, Mark } from "../components/icons.ts";
import { count } from "../format.ts";
import { type PageEntry, PAGES } from "../pages.ts";
import { href, PAGE_NAMES, route } from "../route.ts";
import { me } from "../state/session.ts";
import { useTopic } from "../state/topics.ts";

type Group = NonNullable<PageEntry["group"]>;

const GROUPS: { [G in Group]: string } = { tasks: "", operate: "Operate", system: "System" };

/** What the bar of a phone has space for. */
const IN_BAR: PageName[] = ["overview", "tasks", "start", "queues"];

/** Whether this reader is shown a page in the navigation. */
export function isShown({ group, needs, withLogins }: PageEntry): boolean {
  if (group === null) return false;
  const { role, auth } = me.value ?? { role: "viewer" as const, auth: false };
  return role !== null && (!needs || isAtLeast(role, needs)) && (!withLogins || auth);
}

export function Sidebar() {
  return html`
    <aside class="sidebar">
      <a class="brand" href="#/"><${Mark} />taskapp</a>
      <nav aria-label="Pages">
        <${Groups} />
      </nav>
      <a class="nav-link minor" href="/docs"><${Icon} name="external" />API docs</a>
    </aside>
  `;
}

function Groups() {
  const names = Object.keys(GROUPS) as Group[];
  return names.map((group) => {
    const pages = PAGE_NAMES.filter((name) => PAGES[name].group === group && isShown(PAGES[name]));
    if (pages.length === 0) return null;
    return html`
      <div key=${group} class="nav-group">
        ${GROUPS[group] && html`<p class="nav-title">${GROUPS[group]}</p>`}
        <ul>
          ${pages.map((name) =>
            html`
              <li key=${name}>
                <${NavLink} name=${name} />
              </li>
            `
          )}
        </ul>
      </div>
    `;
  });
}

function NavLink({ name, short }: { name: PageName; short?: string }) {
  const { title, icon } = PAGES[name];
  const { page } = route.value;
  const isCurrent = page === name || (page === "task" && name === "tasks");
  return html`
    <a class="nav-link" href=${href(name)} aria-current=${isCurrent ? "page" : undefined}>
      <${Icon} name=${icon} /><span>${short ?? title}</span><${NavCount} name=${name} />
    </a>
  `;
}

/** How many tasks failed for good: what somebody has to look at. */
function NavCount({ name }: { name: PageName }) {
  return name === "dead" ? html`<${DeadCount} />` : null;
}

function DeadCount() {
  const dead = useTopic("counts")?.dead ?? 0;
  return dead > 0 ? html`<span class="nav-count">${count(dead)}</span>` : null;
}

const isMoreOpen = signal(false);

/** On phones, where the sidebar has no space. */
export function BottomBar() {
  const { page } = route.value;
  return html`
    <nav class="bottom-bar" aria-label="Main pages">
      ${IN_BAR.filter((name) => isShown(PAGES[name])).map((name) =>
        html`<${NavLink} key=${name} name=${name} short=${
          name === "start" ? "Start" : undefined
        } />`
      )}
      <button
        type="button"
        class="nav-link"
        aria-haspopup="dialog"
        onClick=${() => isMoreOpen.value = true}
      >
        <${Icon} name="menu" /><span>More</span>
      </button>
    </nav>
    ${isMoreOpen.value && html`<${More} key=${page} />`}
  `;
}

function More() {
  const close = () => isMoreOpen.value = false;
  return html`
    <${Dialog} title="Pages" onClose=${close}>
      <nav class="more" aria-label="All pages" onClick=${close}>
        <${Groups} />
        <a class="nav-link" href="/docs"><${Icon} name="external" />API docs</a>
      </nav>
      <//>
  `;
}
