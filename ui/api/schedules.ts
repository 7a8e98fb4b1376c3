/** Schedules over the HTTP API. */

import type { Schedule, ScheduleRun, State } from "../../jobs/wire.ts";
import { call } from "../api.ts";
import type { Definition } from "../schedule_draft.ts";

export interface ScheduleDetail extends Schedule {
  /** The next five; none while it is paused. */
  next_times: string[];
}

function path(name: string): string {
  return `/schedules/${encodeURIComponent(name)}`;
}

export function getSchedule(name: string): Promise<ScheduleDetail> {
  return call("GET", path(name));
}

export function getRuns(name: string): Promise<{ runs: ScheduleRun[] }> {
  return call("GET", `${path(name)}/runs`);
}

export function createSchedule(name: string, definition: Definition): Promise<Schedule> {
  return call("POST", "/schedules", { ...definition, name });
}

/** Changes some of it; null takes a field back. */
export function changeSchedule(name: string, changes: Definition): Promise<Schedule> {
  return call("PATCH", path(name), changes);
}

export function deleteSchedule(name: string): Promise<void> {
  return call("DELETE", path(name));
}

export function pauseSchedule(name: string): Promise<Schedule> {
  return call("POST", `${path(name)}/pause`);
}

export function resumeSchedule(name: string): Promise<Schedule> {
  return call("POST", `${path(name)}/resume`);
}

/** `created` is false where its unique key met a task that was there already. */
export function runSchedule(
  name: string,
): Promise<{ task_id: string; status: State; created: boolean }> {
  return call("POST", `${path(name)}/run`);
}

/** The next five times of a schedule that need not be there yet. */
export function scheduleTimes(timing: Definition): Promise<{ times: string[] }> {
  const query = new URLSearchParams();
  for (const field of ["cron", "timezone", "every", "start", "end"]) {
    const value = timing[field];
    if (value !== undefined && value !== null) query.set(field, `${value}`);
  }
  return call("GET", `/schedule-times?${query}`);
}
