/** Making a schedule, as a copy of another where that is said, and changing one. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { Schedule, TaskType } from "../../jobs/wire.ts";
import { changeSchedule, createSchedule, getSchedule } from "../api/schedules.ts";
import { Empty, Loading } from "../components/absence.ts";
import { LinkButton } from "../components/button.ts";
import { Icon } from "../components/icons.ts";
import { Card, Page } from "../components/page.ts";
import { toast } from "../notices.ts";
import { go, href } from "../route.ts";
import { changesTo, type Definition, definitionOf, draftOf, newDraft } from "../schedule_draft.ts";
import { attempt } from "../state/connection.ts";
import { scheduleHref } from "../state/schedule_actions.ts";
import { useTaskTypes } from "../state/task_types.ts";
import { ScheduleForm } from "./schedules_form.ts";
import { zoneHere } from "./schedules_when.ts";

interface Loaded {
  types: TaskType[];
  /** The one to be changed or copied; null without one. */
  schedule: Schedule | null;
}

/** What the form needs to know first; "missing" where there is no such schedule. */
function useLoaded(name: string | null): Loaded | "missing" | null {
  const types = useTaskTypes();
  const schedule = useSignal<Schedule | "missing" | null>(null);
  useEffect(() => {
    if (name === null) return;
    void attempt(async () => {
      schedule.value = await getSchedule(name);
    }, () => schedule.value = "missing");
  }, [name]);
  if (schedule.value === "missing") return "missing";
  if (types === null || (name !== null && schedule.value === null)) return null;
  return { types, schedule: schedule.value };
}

export function NewSchedule({ copyOf, task }: { copyOf: string | null; task: string | null }) {
  const loaded = useLoaded(copyOf);
  const save = async (name: string, definition: Definition) => {
    await createSchedule(name, definition);
    toast({ kind: "good", text: `${name} is scheduled.` });
    go(scheduleHref(name));
  };
  const form = ({ types, schedule }: Loaded) =>
    html`
      <${ScheduleForm}
        types=${types}
        initial=${schedule
          ? { ...draftOf(schedule), name: `${schedule.name}-copy` }
          : { ...newDraft(zoneHere()), task: task ?? types[0]?.name ?? "" }}
        args=${schedule?.args}
        exists=${false}
        cancelHref=${href("schedules")}
        save=${save}
      />
    `;
  return html`<${Frame} title="New schedule" loaded=${loaded} form=${form} />`;
}

export function EditSchedule({ name }: { name: string }) {
  const loaded = useLoaded(name);
  const form = ({ types, schedule }: Loaded) => {
    if (schedule === null) return null;
    const draft = draftOf(schedule);
    const before = { ...definitionOf(draft).definition, args: schedule.args };
    const save = async (_: string, definition: Definition) => {
      const changes = changesTo(before, definition);
      if (Object.keys(changes).length > 0) await changeSchedule(name, changes);
      toast({ kind: "good", text: `${name} is changed.` });
      go(scheduleHref(name));
    };
    return html`
      <${ScheduleForm}
        types=${types}
        initial=${draft}
        args=${schedule.args}
        exists
        cancelHref=${scheduleHref(name)}
        save=${save}
      />
    `;
  };
  return html`<${Frame} title=${`Edit ${name}`} loaded=${loaded} form=${form} />`;
}

interface FrameProps {
  title: string;
  loaded: Loaded | "missing" | null;
  form(loaded: Loaded): unknown;
}

function Frame({ title, loaded, form }: FrameProps) {
  const trail = html`<a href=${href("schedules")}><${Icon} name="back" />Schedules</a>`;
  return html`
    <${Page} title=${title} trail=${trail}>
      ${loaded === null
        ? html`
          <${Card}>
            <${Loading} lines=${8} />
            <//>
        `
        : loaded === "missing"
        ? html`
          <${Empty} icon="schedules" title="There is no such schedule."
            action=${html`<${LinkButton} href=${href("schedules")}>All schedules<//>`} />
        `
        : loaded.types.length === 0
        ? html`
          <${Empty} icon="tasks" title="No task is defined yet."
            hint="A schedule starts a task: define one in jobs/tasks first." />
        `
        : form(loaded)}
    <//>
  `;
}
