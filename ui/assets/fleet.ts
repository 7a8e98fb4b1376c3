/** The pages Workers, Schedules and Dead tasks. */

import apiSchedules from "../api/schedules.ts" with { type: "text" };
import argumentsText from "../arguments.ts" with { type: "text" };
import cronWords from "../cron_words.ts" with { type: "text" };
import pagesDead from "../pages/dead.ts" with { type: "text" };
import pagesSchedules from "../pages/schedules.ts" with { type: "text" };
import pagesSchedulesButtons from "../pages/schedules_buttons.ts" with { type: "text" };
import pagesSchedulesEdit from "../pages/schedules_edit.ts" with { type: "text" };
import pagesSchedulesForm from "../pages/schedules_form.ts" with { type: "text" };
import pagesSchedulesInputs from "../pages/schedules_inputs.ts" with { type: "text" };
import pagesSchedulesList from "../pages/schedules_list.ts" with { type: "text" };
import pagesSchedulesOne from "../pages/schedules_one.ts" with { type: "text" };
import pagesSchedulesOptions from "../pages/schedules_options.ts" with { type: "text" };
import pagesSchedulesRuns from "../pages/schedules_runs.ts" with { type: "text" };
import pagesSchedulesWhen from "../pages/schedules_when.ts" with { type: "text" };
import pagesSchedulesWords from "../pages/schedules_words.ts" with { type: "text" };
import pagesWorkers from "../pages/workers.ts" with { type: "text" };
import scheduleDraft from "../schedule_draft.ts" with { type: "text" };
import stateScheduleActions from "../state/schedule_actions.ts" with { type: "text" };
import stylesDead from "../styles/dead.css" with { type: "text" };
import stylesSchedules from "../styles/schedules.css" with { type: "text" };
import stylesWorkers from "../styles/workers.css" with { type: "text" };

export const FLEET: { [path: string]: string } = {
  "ui/api/schedules.ts": apiSchedules,
  "ui/arguments.ts": argumentsText,
  "ui/cron_words.ts": cronWords,
  "ui/pages/dead.ts": pagesDead,
  "ui/pages/schedules.ts": pagesSchedules,
  "ui/pages/schedules_buttons.ts": pagesSchedulesButtons,
  "ui/pages/schedules_edit.ts": pagesSchedulesEdit,
  "ui/pages/schedules_form.ts": pagesSchedulesForm,
  "ui/pages/schedules_inputs.ts": pagesSchedulesInputs,
  "ui/pages/schedules_list.ts": pagesSchedulesList,
  "ui/pages/schedules_one.ts": pagesSchedulesOne,
  "ui/pages/schedules_options.ts": pagesSchedulesOptions,
  "ui/pages/schedules_runs.ts": pagesSchedulesRuns,
  "ui/pages/schedules_when.ts": pagesSchedulesWhen,
  "ui/pages/schedules_words.ts": pagesSchedulesWords,
  "ui/pages/workers.ts": pagesWorkers,
  "ui/schedule_draft.ts": scheduleDraft,
  "ui/state/schedule_actions.ts": stateScheduleActions,
  "ui/styles/dead.css": stylesDead,
  "ui/styles/schedules.css": stylesSchedules,
  "ui/styles/workers.css": stylesWorkers,
};
