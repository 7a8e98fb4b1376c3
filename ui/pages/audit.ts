/** What people and programs did here, and were refused to do. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { AuditEntry } from "../../jobs/wire.ts";
import { type AuditPage as Entries, listAudit } from "../api/access.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Tag } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { Card, Page } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";
import { Ago } from "../components/time.ts";
import { route, setQuery } from "../route.ts";
import { attempt } from "../state/connection.ts";

/** What the actions begin with. */
const SUBJECTS = [
  "task",
  "queue",
  "worker",
  "schedule",
  "dead",
  "user",
  "token",
  "login",
  "logout",
];

/** Milliseconds between looks for new entries, while only the first page is shown. */
const POLL_EVERY = 5000;
/** Milliseconds that somebody who types is waited for. */
const TYPING_MS = 300;

export function AuditPage() {
  const { query } = route.value;
  const actor = query.get("actor") ?? "";
  const action = query.get("action") ?? "";
  const shown = useSignal<Entries | null>(null);
  const hasMore = useSignal(false);

  useEffect(() => {
    let isCurrent = true;
    const load = () =>
      attempt(async () => {
        const page = await listAudit({ actor, action }, null);
        if (isCurrent && !hasMore.peek()) shown.value = page;
      });
    hasMore.value = false;
    void load();
    const timer = setInterval(
      () => document.visibilityState === "visible" && void load(),
      POLL_EVERY,
    );
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [actor, action]);

  const more = async () => {
    const before = shown.value;
    if (!before?.cursor) return;
    hasMore.value = true;
    const page = await listAudit({ actor, action }, before.cursor);
    shown.value = { entries: [...before.entries, ...page.entries], cursor: page.cursor };
  };

  return html`
    <${Page} title="Audit" subtitle="What was changed here, by whom, and what was refused.">
      <${Filters} actor=${actor} action=${action} />
      <${Card} flush><${Trail} shown=${shown.value} isFiltered=${Boolean(actor || action)} /><//>
      ${shown.value?.cursor && html`
        <div class="centered">
          <${Button} onClick=${more}>Load more<//></div>
      `}
    <//>
  `;
}

function Filters({ actor, action }: { actor: string; action: string }) {
  const timer = useSignal<ReturnType<typeof setTimeout> | undefined>(undefined);
  const type = (event: Event) => {
    const typed = valueOf(event).trim();
    clearTimeout(timer.peek());
    timer.value = setTimeout(() => setQuery({ actor: typed }), TYPING_MS);
  };
  return html`
    <div class="audit-filters">
      <${Labelled} id="audit-actor" label="Who">
        <input id="audit-actor" placeholder="Anyone" autocomplete="off" spellcheck=${false}
          defaultValue=${actor} onInput=${type} />
        <//>
        <${Labelled} id="audit-action" label="What">
          <select id="audit-action" value=${action}
            onChange=${(event: Event) => setQuery({ action: valueOf(event) })}>
          <option value="">Everything</option>
          ${SUBJECTS.map((subject) =>
            html`<option key=${subject} value=${subject}>${subject}</option>`
          )}
        </select>
          <//>
          </div>
  `;
}

function Trail({ shown, isFiltered }: { shown: Entries | null; isFiltered: boolean }) {
  if (shown === null) return html`<${Loading} lines=${6} />`;
  if (shown.entries.length === 0) {
    return isFiltered
      ? html`<${Empty} icon="audit" title="Nothing matches this filter" hint="The name has to be whole." />`
      : html`
        <${Empty} icon="audit" title="Nothing was changed yet"
          hint="Whoever changes something stands here." />
      `;
  }
  return html`
    <${Table}
      label="Audit trail"
      rows=${shown.entries}
      rowKey=${({ at, actor, action, target, detail }: AuditEntry) =>
        `${at} ${actor} ${action} ${target} ${detail}`}
      columns=${COLUMNS}
    />
  `;
}

const COLUMNS: Column<AuditEntry>[] = [
  { label: "When", narrow: true, cell: ({ at }) => html`<${Ago} iso=${at} />` },
  {
    label: "Who",
    cell: ({ actor, role, via }) =>
      html`
        <span class="audit-who"><strong>${actor ?? (via === "open" ? "anyone" : "unknown")}</strong>
        ${role && actor && html`
          <span class="muted">${" "}${role}${via !== "session" && `, by ${via}`}</span>
        `}</span>
      `,
  },
  { label: "What", narrow: true, cell: ({ action }) => html`<code>${action}</code>` },
  { label: "To", cell: ({ target }) => html`<span class="audit-target">${target ?? "–"}</span>` },
  {
    label: "With",
    cell: ({ detail }) => html`<code class="audit-detail" title=${detail}>${detail}</code>`,
  },
  {
    label: "Outcome",
    narrow: true,
    cell: ({ status }) =>
      status < 400
        ? html`<${Tag} tone="good">done<//>`
        : html`<${Tag} tone="bad">refused, ${status}<//>`,
  },
  { label: "From", narrow: true, cell: ({ ip }) => html`<span class="muted">${ip ?? "–"}</span>` },
];
