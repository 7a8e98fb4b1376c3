/** Schedules: all of them, one of them, or the form for one. */

import { html } from "htm/preact";
import type { PageProps } from "../pages.ts";
import { route } from "../route.ts";
import { EditSchedule, NewSchedule } from "./schedules_edit.ts";
import { ScheduleList } from "./schedules_list.ts";
import { ScheduleDetails } from "./schedules_one.ts";

export function SchedulesPage({ id }: PageProps) {
  const { query } = route.value;
  if (id === null) return html`<${ScheduleList} />`;
  if (id === "new" && !query.has("view")) {
    const [copyOf, task] = [query.get("copy"), query.get("task")];
    return html`<${NewSchedule} key=${`${copyOf} ${task}`} copyOf=${copyOf} task=${task} />`;
  }
  return query.has("edit")
    ? html`<${EditSchedule} name=${id} />`
    : html`<${ScheduleDetails} name=${id} />`;
}
