/** A plain table of a bounded number of rows; on a phone each row is a card. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  /** Empty for a column of buttons. */
  label: string;
  /** Figures stand at the right. */
  numeric?: boolean;
  /** Only as wide as what is in it. */
  narrow?: boolean;
  cell(row: Row): ComponentChildren;
}

interface TableProps<Row> {
  /** What it is a table of, for who does not see it. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey(row: Row): string;
  /** Of a row that leads somewhere; the first column should link there too. */
  current?(row: Row): boolean;
}

export function Table<Row>({ label, columns, rows, rowKey, current }: TableProps<Row>) {
  const kind = ({ numeric, narrow }: Column<Row>) =>
    `${numeric ? "numeric" : ""} ${narrow ? "narrow" : ""}`;
  return html`
    <table class="table" aria-label=${label}>
      <thead>
        <tr>
          ${columns.map((column, index) =>
            html`<th key=${index} scope="col" class=${kind(column)}>
              ${column.label || html`<span class="hidden">Actions</span>`}
            </th>`
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) =>
          html`
            <tr key=${rowKey(row)} aria-current=${current?.(row) ? "true" : undefined}>
              ${columns.map((column, index) =>
                html`<td key=${index} class=${kind(column)} data-label=${column.label}>${
                  column.cell(row)
                }</td>`
              )}
            </tr>
          `
        )}
      </tbody>
    </table>
  `;
}
