import { html } from "htm/preact";
import { count as formatCount } from "../format.ts";

export interface Tab {
  /** What the address says; empty for the first. */
  id: string;
  label: string;
  count?: string | number | null;
  href: string;
}

/** Links between the views of one page, so that each has an address. */
export function Tabs({ label, tabs, current }: { label: string; tabs: Tab[]; current: string }) {
  return html`
    <nav class="tabs" aria-label=${label}>
      ${tabs.map(({ id, label, count, href }) =>
        html`
          <a key=${id} href=${href} aria-current=${id === current ? "page" : undefined}>
            ${label}${count !== undefined && count !== null && html`
              <span class="count">${typeof count === "number" ? formatCount(count) : count}</span>
            `}
          </a>
        `
      )}
    </nav>
  `;
}
