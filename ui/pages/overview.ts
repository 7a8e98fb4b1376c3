/** How everything is doing: what needs somebody, figures of now, plots, what runs and what failed. */

import { html } from "htm/preact";
import { RANGES } from "../../jobs/wire.ts";
import { Loading } from "../components/absence.ts";
import { LinkButton } from "../components/button.ts";
import { Page } from "../components/page.ts";
import { useTopic } from "../state/topics.ts";
import { LastFailed, RunningNow } from "./overview_tasks.ts";
import { Figures } from "./overview_figures.ts";
import { FirstSteps } from "./overview_first_steps.ts";
import { Plots } from "./overview_plots.ts";
import { Problems } from "./overview_problems.ts";
import { useQueueCommands } from "./queue_actions.ts";
import { rangeOf, RangeSwitch } from "./range_switch.ts";

export function OverviewPage() {
  const counts = useTopic("counts");
  const workers = useTopic("workers");
  const queues = useTopic("queues");
  const range = rangeOf(RANGES[0]);
  useQueueCommands(queues);
  return html`
    <${Page}
      title="Overview"
      actions=${html`
        <${RangeSwitch} range=${range} />
        <${LinkButton} kind="primary" icon="play" href="#/start">Start a task<//>
      `}
    >
      ${counts === null || workers === null || queues === null
        ? html`<${Loading} lines=${8} />`
        : html`
          <${Problems} queues=${queues} workers=${workers} />
          ${counts.all === 0 && html`<${FirstSteps} hasWorker=${workers.length > 0} />`}
          <${Figures} queues=${queues} workers=${workers} />
          <${Plots} range=${range} />
          <div class="columns at-top">
            <${RunningNow} workers=${workers} />
            <${LastFailed} counts=${counts} />
          </div>
        `}
    <//>
  `;
}
