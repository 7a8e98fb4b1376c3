/** One queue: how long it is, who serves it, what comes next, and what can be done about it. */

import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import type { History, QueueInfo } from "../../jobs/wire.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Button, LinkButton } from "../components/button.ts";
import { type Fact, Facts } from "../components/facts.ts";
import { Icon } from "../components/icons.ts";
import { Card, Page } from "../components/page.ts";
import { Plot } from "../components/plot.ts";
import { count } from "../format.ts";
import { plotOf, rate, ratesPlot } from "../history.ts";
import { workersOf } from "../problems.ts";
import { href } from "../route.ts";
import { useHistory } from "../state/history.ts";
import { useTopic } from "../state/topics.ts";
import {
  pause,
  purge,
  resume,
  startHref,
  tasksHref,
  useQueueCommands,
  whyNotPurge,
} from "./queue_actions.ts";
import { Limits } from "./queue_limits.ts";
import { OldestWait, QueueTags } from "./queue_parts.ts";
import { NextTasks } from "./queue_tasks.ts";
import { QueueWorkers } from "./queue_workers.ts";
import { rangeOf, RangeSwitch } from "./range_switch.ts";

export function QueuePage({ name }: { name: string }) {
  const queues = useTopic("queues");
  const workers = useTopic("workers");
  const queue = queues?.find((each) => each.name === name);
  useQueueCommands(queues);
  const trail = html`<a href=${href("queues")}><${Icon} name="back" />Queues</a>`;
  if (queues === null || workers === null || queue === undefined) {
    return html`
      <${Page} title=${name} trail=${trail}>
        ${queues === null || workers === null ? html`<${Loading} lines=${6} />` : html`
          <${Empty}
            icon="queues"
            title="There is no such queue now."
            hint="A queue is there while it has tasks or limits, or a worker serves it."
            action=${html`<${LinkButton} href=${startHref(name)}>Start a task in it<//>`}
          />
        `}
      <//>
    `;
  }
  return html`
    <${Page}
      title=${name}
      windowTitle=${`${name}, queue`}
      trail=${trail}
      mark=${html`<${QueueTags} queue=${queue} workers=${workers} />`}
      actions=${html`<${Actions} queue=${queue} />`}
    >
      <${Numbers} queue=${queue} />
      <${Course} name=${name} />
      <div class="columns">
        <${Card} title="Limits">
          <${Limits} queue=${queue} />
          <//>
          <${QueueWorkers} queue=${queue} workers=${workersOf(name, workers)} />
          </div>
          <${NextTasks} queue=${queue} />
          <//>
  `;
}

function Actions({ queue }: { queue: QueueInfo }) {
  const { name, paused } = queue;
  return html`
    <${LinkButton} icon="tasks" href=${tasksHref(name)}>Its tasks<//>
    <${LinkButton} icon="play" href=${startHref(name)}>Start a task<//>
    ${paused
      ? html`
        <${Button} icon="play" kind="primary" needs="operator" onClick=${() => resume(name)}>
          Resume
        <//>
      `
      : html`<${Button} icon="pause" needs="operator" onClick=${() => pause(name)}>Pause<//>`}
    <${Button}
      kind="danger"
      icon="trash"
      disabledReason=${whyNotPurge(queue)}
      onClick=${() => purge(queue)}
    >Purge<//>
  `;
}

function Numbers({ queue }: { queue: QueueInfo }) {
  const { waiting, scheduled, active, ended_per_minute } = queue;
  const numbers: Fact[] = [
    ["Waiting", count(waiting)],
    ["Scheduled", count(scheduled)],
    ["Running", count(active)],
    ["Oldest wait", html`<${OldestWait} queue=${queue} />`],
    ["Ended per minute", ended_per_minute === null ? "–" : rate(ended_per_minute)],
  ];
  return html`<${Facts} kind="numbers card" facts=${numbers} />`;
}

function Course({ name }: { name: string }) {
  const range = rangeOf("15m");
  const history = useHistory(range, name);
  return html`
    <section aria-labelledby="course">
      <div class="section-head">
        <h2 id="course">Over time</h2>
        <${RangeSwitch} range=${range} />
      </div>
      ${history === null
        ? html`<${Loading} lines=${4} />`
        : html`<${Plots} name=${name} history=${history} />`}
    </section>
  `;
}

function Plots({ name, history }: { name: string; history: History }) {
  const [depth, ended] = useMemo(() => [
    plotOf(history, [
      ["Waiting", "one", ({ queues }) => queues[name]?.waiting ?? null],
      ["Scheduled", "two", ({ queues }) => queues[name]?.scheduled ?? null],
      ["Running", "three", ({ queues }) => queues[name]?.active ?? null],
    ], { kind: "lines", format: count }),
    ratesPlot(history, [["Ended", "good", ({ queues }) => queues[name]?.ended ?? null]]),
  ], [history]);
  const nothing = "There are no samples of this queue in this time.";
  return html`
    <div class="plots">
      <${Plot} title="Tasks in it" data=${depth} nothing=${nothing} />
      <${Plot} title="Ended per minute" data=${ended} nothing=${nothing} />
    </div>
  `;
}
