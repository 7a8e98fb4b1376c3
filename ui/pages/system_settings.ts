/** The settings that the server runs with, and where each comes from. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { SettingInfo } from "../../jobs/wire.ts";
import { Tag } from "../components/badge.ts";
import { valueOf } from "../components/field.ts";
import { Card } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";

const COLUMNS: Column<SettingInfo>[] = [
  { label: "Variable", cell: ({ variable }) => html`<code>${variable}</code>` },
  {
    label: "Value",
    cell: ({ value }) =>
      value === null
        ? html`<span class="muted">not set</span>`
        : html`<code>${String(value)}</code>`,
  },
  {
    label: "From",
    cell: ({ from }) =>
      from === null || from === "default"
        ? html`<span class="muted">${from ?? "–"}</span>`
        : html`<${Tag} tone="accent">${from}<//>`,
  },
];

export function Settings({ settings }: { settings: SettingInfo[] }) {
  const wanted = useSignal("");
  const word = wanted.value.trim().toLowerCase();
  const shown = settings.filter(({ variable, value }) =>
    `${variable} ${value ?? ""}`.toLowerCase().includes(word)
  );
  return html`
    <${Card}
      title="Settings"
      flush
      actions=${html`
        <input
          type="search"
          class="settings-filter"
          placeholder="Filter"
          aria-label="Filter the settings"
          value=${wanted}
          onInput=${(event: Event) => wanted.value = valueOf(event)}
        />
      `}
    >
      ${settings.length === 0
        ? html`<p class="nothing muted">This server tells of no settings.</p>`
        : shown.length === 0
        ? html`<p class="nothing muted">No setting has "${wanted.value}" in it.</p>`
        : html`
          <${Table}
            label="Settings"
            columns=${COLUMNS}
            rows=${shown}
            rowKey=${({ variable }: SettingInfo) => variable}
          />
        `}
    <//>
  `;
}
