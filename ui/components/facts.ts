/** What is known of one thing, each with its name. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";

export type Fact = [label: string, value: ComponentChildren];

interface FactsProps {
  facts: Fact[];
  /** How they are drawn: one below the other, as large figures, or in a line. */
  kind?: "facts" | "numbers card" | "vitals";
}

/** Facts without a value are left out. */
export function Facts({ facts, kind = "facts" }: FactsProps) {
  const known = facts.filter(([, value]) => value || value === 0);
  return html`
    <dl class=${kind}>
      ${known.map(([label, value]) =>
        html`
          <div key=${label}>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>
        `
      )}
    </dl>
  `;
}
