/**
 * Every schedule of this program that is declared in code: list it here, made by `defineSchedule`. Others
 * can be made at run time. docs/schedules.md says how the two go together.
 */

import type { DeclaredSchedule } from "./schedule.ts";

export const schedules: DeclaredSchedule[] = [];
