/** The buttons that change a schedule. */

import { html } from "htm/preact";
import type { Schedule } from "../../jobs/wire.ts";
import { may } from "../access.ts";
import { Button } from "../components/button.ts";
import { Menu } from "../components/menu.ts";
import { go, href } from "../route.ts";
import {
  keptBecause,
  pause,
  remove,
  resume,
  runNow,
  scheduleHref,
} from "../state/schedule_actions.ts";

interface ButtonProps {
  schedule: Schedule;
  /** Only the icon. */
  small?: boolean;
}

export function RunNow({ schedule: { name }, small = false }: ButtonProps) {
  return html`
    <${Button} icon="bolt" kind=${small ? "bare" : "plain"} size=${small ? "small" : "normal"}
      needs="operator" label=${small ? `Run ${name} now` : undefined} onClick=${() => runNow(name)}>
      ${!small && "Run now"}
    <//>
  `;
}

export function PauseOrResume({ schedule: { name, paused }, small = false }: ButtonProps) {
  const word = paused ? "Resume" : "Pause";
  return html`
    <${Button} icon=${paused ? "play" : "pause"} kind=${small ? "bare" : "plain"}
      size=${small ? "small" : "normal"} needs="operator" label=${small
        ? `${word} ${name}`
        : undefined}
      onClick=${() => paused ? resume(name) : pause(name)}>
      ${!small && word}
    <//>
  `;
}

export function ScheduleMenu({ schedule, withEdit = false }: {
  schedule: Schedule;
  withEdit?: boolean;
}) {
  const { name } = schedule;
  const allowed = may("operator");
  const reason = allowed === true ? null : allowed;
  const edit = {
    label: "Edit",
    icon: "edit" as const,
    disabledReason: reason,
    run: () => go(scheduleHref(name, { edit: "1" })),
  };
  return html`
    <${Menu}
      label=${`More for ${name}`}
      items=${[
        ...(withEdit ? [edit] : []),
        {
          label: "Duplicate",
          icon: "copy",
          disabledReason: reason,
          run: () => go(href("schedules", "new", { copy: name })),
        },
        {
          label: "Its tasks",
          icon: "tasks",
          run: () => go(href("tasks", null, { q: `schedule:${name}` })),
        },
        null,
        {
          label: "Delete",
          icon: "trash",
          kind: "danger",
          disabledReason: reason ?? keptBecause(schedule),
          run: async () => {
            if (await remove(schedule) && !withEdit) go(href("schedules"));
          },
        },
      ]}
    />
  `;
}
