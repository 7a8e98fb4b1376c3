/** What is known of one thing, each with its name. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";

export type Fact = [label: string, value: ComponentChildren];

/** Facts without a value are left out. */
export function Facts({ facts }: { facts: Fact[] }) {
  const known = facts.filter(([, value]) => value || value === 0);
  return html`
    <dl class="facts">
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
