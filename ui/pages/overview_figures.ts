/** The figures of now, each with its course over the last 15 minutes. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { QueueInfo, WorkerInfo } from "../../jobs/wire.ts";
import type { Tone } from "../components/badge.ts";
import { Sparkline } from "../components/sparkline.ts";
import { count, duration, plural } from "../format.ts";
import { percent, pulseOf, rate } from "../history.ts";
import { href } from "../route.ts";
import { now } from "../state/clock.ts";
import { useHistory } from "../state/history.ts";

export function Figures({ queues, workers }: { queues: QueueInfo[]; workers: WorkerInfo[] }) {
  const history = useHistory("15m");
  const pulse = history && pulseOf(history, now.value);
  const course = pulse?.course;
  const total = (value: (queue: QueueInfo) => number) =>
    queues.reduce((sum, queue) => sum + value(queue), 0);
  const slots = workers.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const scheduled = total((queue) => queue.scheduled);
  return html`
    <dl class="figures">
      <${Figure}
        label="Waiting"
        value=${count(total((queue) => queue.waiting))}
        note=${scheduled > 0 ? `${count(scheduled)} scheduled` : "ready to run"}
        href=${href("queues")}
        course=${course?.waiting}
      />
      <${Figure}
        label="Running"
        value=${count(total((queue) => queue.active))}
        note=${slots > 0 ? `in ${plural(slots, "slot")}` : "no worker"}
        href=${href("workers")}
        course=${course?.busy}
      />
      <${Figure}
        label="Done per minute"
        value=${said(pulse?.donePerMinute, rate)}
        note="succeeded"
        tone="good"
        href=${href("tasks", null, { state: "SUCCESS" })}
        course=${course?.done}
      />
      <${Figure}
        label="Failed per minute"
        value=${said(pulse?.failedPerMinute, rate)}
        note=${pulse?.errorRate == null
          ? "nothing ended"
          : `${percent(pulse.errorRate)} of runs failed`}
        tone="bad"
        href=${href("tasks", null, { state: "FAILURE" })}
        course=${course?.failed}
      />
      <${Figure}
        label="Wait, p95"
        value=${said(pulse?.waitP95, duration)}
        note="until started"
        course=${course?.wait}
      />
      <${Figure}
        label="Run time, p95"
        value=${said(pulse?.runP95, duration)}
        note="start to end"
        course=${course?.run}
      />
    </dl>
  `;
}

function said(value: number | null | undefined, say: (value: number) => string): string {
  return value === null || value === undefined ? "–" : say(value);
}

interface FigureProps {
  label: string;
  value: string;
  note: ComponentChildren;
  tone?: Tone;
  href?: string;
  course?: (number | null)[] | undefined;
}

function Figure({ label, value, note, tone = "accent", href: to, course = [] }: FigureProps) {
  const known = course.filter((each) => each !== null);
  return html`
    <div class="figure card">
      <dt>${to ? html`<a href=${to}>${label}</a>` : label}</dt>
      <dd>
        <strong>${value}</strong>
        <span class="muted">${note}</span>
        ${known.length > 1 && html`
          <${Sparkline} values=${course} tone=${tone} label=${`${label}, the last 15 minutes`} />
        `}
      </dd>
    </div>
  `;
}
