/** How far back plots go; it stands in the address. */

import { html } from "htm/preact";
import { type Range, RANGES } from "../../jobs/wire.ts";
import { RANGE_NAMES } from "../history.ts";
import { route, setQuery } from "../route.ts";

/** The range that the address names. */
export function rangeOf(otherwise: Range): Range {
  const named = route.value.query.get("range");
  return RANGES.find((range) => range === named) ?? otherwise;
}

export function RangeSwitch({ range }: { range: Range }) {
  return html`
    <div class="switch" role="group" aria-label="How far back">
      ${RANGES.map((each) =>
        html`
          <button
            key=${each}
            type="button"
            aria-pressed=${each === range ? "true" : "false"}
            onClick=${() => setQuery({ range: each })}
          >${RANGE_NAMES[each]}</button>
        `
      )}
    </div>
  `;
}
