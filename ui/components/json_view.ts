/** A JSON value as a tree whose large parts are folded. */

import { html } from "htm/preact";
import type { Json } from "../../jobs/wire.ts";
import { count } from "../format.ts";
import { CopyButton } from "./copy_button.ts";

/** Entries of one list or object that are drawn; the rest can be copied. */
const MAX_ENTRIES = 200;
/** Characters of one string that are drawn: a browser needs seconds for a megabyte of lines. */
const MAX_TEXT = 20_000;
/** Deeper than this is folded at first, and deeper than the second not drawn at all. */
const OPEN_DEPTH = 2;
const MAX_DEPTH = 40;
/** What fits here stands on one line. */
const LINE = 72;

/** A value with a button that copies all of it. */
export function JsonView({ value, label }: { value: Json; label: string }) {
  return html`
    <div class="json">
      <${CopyButton} text=${JSON.stringify(value, null, 2)} label=${`Copy ${label}`} />
      <div class="json-tree">
        <${Value} value=${value} depth=${0} />
      </div>
    </div>
  `;
}

function Value({ value, depth }: { value: Json; depth: number }) {
  if (value === null || typeof value !== "object") return html`<${Leaf} value=${value} />`;
  const text = JSON.stringify(value);
  if (text.length <= LINE || depth >= MAX_DEPTH) {
    return html`<span class="json-line">${
      text.length > 1000 ? `${text.slice(0, 1000)}…` : text
    }</span>`;
  }
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  const size = `${count(entries.length)} ${isList ? "item" : "field"}${
    entries.length === 1 ? "" : "s"
  }`;
  return html`
    <details open=${depth < OPEN_DEPTH && entries.length <= MAX_ENTRIES}>
      <summary>${isList ? "[" : "{"} <span class="muted">${size}</span></summary>
      <ul>
        ${entries.slice(0, MAX_ENTRIES).map(([key, entry]) =>
          html`<li key=${key}>
            <span class="json-key">${key}:</span> <${Value} value=${entry} depth=${depth + 1} />
          </li>`
        )}
        ${entries.length > MAX_ENTRIES && html`
          <li class="muted">… and ${count(entries.length - MAX_ENTRIES)} more: copy to see all</li>
        `}
      </ul>
      ${isList ? "]" : "}"}
    </details>
  `;
}

function Leaf({ value }: { value: null | boolean | number | string }) {
  if (typeof value !== "string") {
    return html`<span class=${`json-${typeof value}`}>${JSON.stringify(value)}</span>`;
  }
  const shown = value.slice(0, MAX_TEXT);
  return html`
    ${value.includes("\n")
      ? html`<pre class="json-text">${shown}</pre>`
      : html`<span class="json-string">${JSON.stringify(shown)}</span>`}
    ${value.length > MAX_TEXT && html`
      <span class="muted">${" "}… and ${count(
        value.length - MAX_TEXT,
      )} characters more: copy to see all</span>
    `}
  `;
}
