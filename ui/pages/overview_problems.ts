/** What somebody should look at, above all else. */

import { html } from "htm/preact";
import type { QueueInfo, WorkerInfo } from "../../jobs/wire.ts";
import { Icon } from "../components/icons.ts";
import { problemsOf } from "../problems.ts";
import { useSilent } from "../state/fleet.ts";
import { useSystem } from "../state/system.ts";

const SYSTEM_EVERY_SECONDS = 30;
/** What is shown at once; the rest is counted. */
const MAX_SHOWN = 5;

export function Problems({ queues, workers }: { queues: QueueInfo[]; workers: WorkerInfo[] }) {
  const system = useSystem(SYSTEM_EVERY_SECONDS);
  const silent = useSilent(workers);
  const problems = problemsOf(queues, workers, [...silent], system);
  if (problems.length === 0) return null;
  return html`
    <section class="problems" aria-label="Problems">
      <ul>
        ${problems.slice(0, MAX_SHOWN).map(({ id, tone, title, hint, href }) =>
          html`
            <li key=${id} data-tone=${tone}>
              <${Icon} name=${tone === "bad" ? "dead" : "info"} />
              <p><a href=${href}>${title}</a> <span class="muted">${hint}</span></p>
            </li>
          `
        )}
      </ul>
      ${problems.length > MAX_SHOWN && html`
        <p class="muted">and ${problems.length -
          MAX_SHOWN} more: see <a href="#/queues">Queues</a>.</p>
      `}
    </section>
  `;
}
