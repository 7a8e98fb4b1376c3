/** One schedule: its next times, what became of its last ones, and what it says. */

import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { Schedule, ScheduleRun } from "../../jobs/wire.ts";
import { getRuns, getSchedule, type ScheduleDetail } from "../api/schedules.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Tag } from "../components/badge.ts";
import { Button, LinkButton } from "../components/button.ts";
import { type Fact, Facts } from "../components/facts.ts";
import { Icon } from "../components/icons.ts";
import { JsonView } from "../components/json_view.ts";
import { Card, Page } from "../components/page.ts";
import { Ago, Exact } from "../components/time.ts";
import { plural, wholeSeconds } from "../format.ts";
import { go, href } from "../route.ts";
import { useShortcut } from "../shortcuts.ts";
import { attempt } from "../state/connection.ts";
import { scheduleHref } from "../state/schedule_actions.ts";
import { useTopic } from "../state/topics.ts";
import { PauseOrResume, RunNow, ScheduleMenu } from "./schedules_buttons.ts";
import { Runs } from "./schedules_runs.ts";
import { Marks, Times, Timing } from "./schedules_words.ts";

interface Known {
  schedule: ScheduleDetail;
  runs: ScheduleRun[];
}

/** Milliseconds between looks for what the topic does not tell, such as runs by hand. */
const LOOK_EVERY = 5000;

/** Keeps a schedule and its runs true while a component is shown; "missing" where there is none. */
function useSchedule(name: string): Signal<Known | "missing" | null> {
  const known = useSignal<Known | "missing" | null>(null);
  const told = useTopic("schedules")?.find((each) => each.name === name);
  const version = JSON.stringify(told);
  useEffect(() => {
    let isShown = true;
    const look = () =>
      attempt(async () => {
        const [schedule, { runs }] = await Promise.all([getSchedule(name), getRuns(name)]);
        if (isShown) known.value = { schedule, runs };
      }, () => known.value = "missing");
    void look();
    const timer = setInterval(look, LOOK_EVERY);
    return () => {
      isShown = false;
      clearInterval(timer);
    };
  }, [name, version]);
  return known;
}

export function ScheduleDetails({ name }: { name: string }) {
  const known = useSchedule(name).value;
  const edit = () => go(scheduleHref(name, { edit: "1" }));
  useShortcut("e", "Edit this schedule", edit);
  const trail = html`<a href=${href("schedules")}><${Icon} name="back" />Schedules</a>`;
  if (known === null || known === "missing") {
    return html`
      <${Page} title=${name} trail=${trail}>
        ${known === null
          ? html`
            <${Card}>
              <${Loading} lines=${6} />
              <//>
          `
          : html`<${Missing} name=${name} />`}
        <//>
    `;
  }
  const { schedule, runs } = known;
  return html`
    <${Page}
      title=${name}
      mark=${html`<${Marks} schedule=${schedule} />`}
      subtitle=${html`<${Timing} schedule=${schedule} />, starts <strong>${schedule.task}</strong>`}
      trail=${trail}
      actions=${html`
        <${ScheduleMenu} schedule=${schedule} />
        <${PauseOrResume} schedule=${schedule} />
        <${Button} icon="edit" needs="operator" onClick=${edit}>Edit<//>
        <${RunNow} schedule=${schedule} />
      `}
    >
      <div class="two-thirds">
        <div class="stack">
          <${Card} title="History" flush>
            <${Runs} runs=${runs} />
            <//>
            </div>
            <div class="stack">
              <${Card} title="Next five times">
                <${NextTimes} schedule=${schedule} />
                <//>
                <${Card} title="Arguments">
                  <${JsonView} value=${schedule.args} label="the arguments" />
                  <//>
                  <${Card} title="Details">
                    <${Details} schedule=${schedule} />
                    <//>
                    </div>
                    </div>
                    <//>
  `;
}

function Missing({ name }: { name: string }) {
  return html`
    <${Empty}
      icon="schedules"
      title=${`No schedule is named ${name}.`}
      hint="It may have been deleted, or its code is not deployed any more."
      action=${html`<${LinkButton} href=${href("schedules")}>All schedules<//>`}
    />
  `;
}

function NextTimes({ schedule }: { schedule: ScheduleDetail }) {
  const { next_times, timezone, paused } = schedule;
  if (next_times.length === 0) {
    return html`<p class="muted">${
      paused ? "None while it is paused." : "None: it has ended."
    }</p>`;
  }
  return html`<${Times} times=${next_times} timezone=${timezone} />`;
}

const MISFIRES = {
  skip: "do not run",
  last: "the last of them runs",
  all: "all of them run",
};

function Details({ schedule }: { schedule: Schedule }) {
  const seconds = (value: number | null) => value === null ? null : limit(value);
  const { unique } = schedule;
  const facts: Fact[] = [
    ["Task", html`<a href=${href("start", schedule.task)}>${schedule.task}</a>`],
    [
      schedule.cron === null ? "Every" : "Cron",
      schedule.cron === null
        ? wholeSeconds((schedule.every ?? 0) * 1000)
        : html`<code>${schedule.cron}</code>`,
    ],
    ["Zone", schedule.cron !== null && schedule.timezone],
    ["Start", schedule.start && html`<${Exact} iso=${schedule.start} />`],
    ["End", schedule.end && html`<${Exact} iso=${schedule.end} />`],
    ["Missed times", MISFIRES[schedule.misfire]],
    ["Queue", schedule.queue],
    ["Priority", schedule.priority],
    ["Max retries", schedule.max_retries === null ? null : `${schedule.max_retries}`],
    ["Time limit", seconds(schedule.time_limit)],
    ["Soft limit", seconds(schedule.soft_time_limit)],
    ["Expires after", seconds(schedule.expires)],
    [
      "Unique",
      typeof unique === "number"
        ? `for ${plural(unique, "second")}`
        : unique && `until its ${unique}`,
    ],
    ["Unique key", schedule.unique_key],
    ["Concurrency key", schedule.concurrency_key],
    ["At once", schedule.concurrency_limit === null ? null : `${schedule.concurrency_limit}`],
    ["Declared", schedule.in_code && html`<${Tag} tone="accent">in code<//>`],
    ["Created", html`<${Ago} iso=${schedule.created_at} />`],
    ["Changed", html`<${Ago} iso=${schedule.updated_at} />`],
  ];
  return html`<${Facts} facts=${facts} />`;
}

function limit(seconds: number): string {
  return seconds === 0 ? "none" : wholeSeconds(seconds * 1000);
}
