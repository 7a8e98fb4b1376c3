/** The pages Workers, Schedules and Dead tasks. */

import apiDead from "../api/dead.ts" with { type: "text" };
import apiSchedules from "../api/schedules.ts" with { type: "text" };
import apiWorkers from "../api/workers.ts" with { type: "text" };
import cronWords from "../cron_words.ts" with { type: "text" };
import deadGroups from "../dead_groups.ts" with { type: "text" };
import fleet from "../fleet.ts" with { type: "text" };
import pagesDead from "../pages/dead.ts" with { type: "text" };
import pagesDeadDialog from "../pages/dead_dialog.ts" with { type: "text" };
import pagesDeadGroup from "../pages/dead_group.ts" with { type: "text" };
import pagesDeadTasks from "../pages/dead_tasks.ts" with { type: "text" };
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
import pagesWorkersButtons from "../pages/workers_buttons.ts" with { type: "text" };
import pagesWorkersCard from "../pages/workers_card.ts" with { type: "text" };
import pagesWorkersLimits from "../pages/workers_limits.ts" with { type: "text" };
import pagesWorkersLimitsDialog from "../pages/workers_limits_dialog.ts" with { type: "text" };
import pagesWorkersList from "../pages/workers_list.ts" with { type: "text" };
import pagesWorkersOne from "../pages/workers_one.ts" with { type: "text" };
import pagesWorkersPool from "../pages/workers_pool.ts" with { type: "text" };
import pagesWorkersQueues from "../pages/workers_queues.ts" with { type: "text" };
import pagesWorkersSlots from "../pages/workers_slots.ts" with { type: "text" };
import pagesWorkersTabs from "../pages/workers_tabs.ts" with { type: "text" };
import pagesWorkersWords from "../pages/workers_words.ts" with { type: "text" };
import scheduleDraft from "../schedule_draft.ts" with { type: "text" };
import scheduleRuns from "../schedule_runs.ts" with { type: "text" };
import stateDeadActions from "../state/dead_actions.ts" with { type: "text" };
import stateFleet from "../state/fleet.ts" with { type: "text" };
import stateScheduleActions from "../state/schedule_actions.ts" with { type: "text" };
import stateWorkerCommands from "../state/worker_commands.ts" with { type: "text" };
import stylesDead from "../styles/dead.css" with { type: "text" };
import stylesSchedules from "../styles/schedules.css" with { type: "text" };
import stylesWorkers from "../styles/workers.css" with { type: "text" };

export const FLEET: { [path: string]: string } = {
  "ui/api/dead.ts": apiDead,
  "ui/api/schedules.ts": apiSchedules,
  "ui/api/workers.ts": apiWorkers,
  "ui/cron_words.ts": cronWords,
  "ui/dead_groups.ts": deadGroups,
  "ui/fleet.ts": fleet,
  "ui/pages/dead.ts": pagesDead,
  "ui/pages/dead_dialog.ts": pagesDeadDialog,
  "ui/pages/dead_group.ts": pagesDeadGroup,
  "ui/pages/dead_tasks.ts": pagesDeadTasks,
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
  "ui/pages/workers_buttons.ts": pagesWorkersButtons,
  "ui/pages/workers_card.ts": pagesWorkersCard,
  "ui/pages/workers_limits.ts": pagesWorkersLimits,
  "ui/pages/workers_limits_dialog.ts": pagesWorkersLimitsDialog,
  "ui/pages/workers_list.ts": pagesWorkersList,
  "ui/pages/workers_one.ts": pagesWorkersOne,
  "ui/pages/workers_pool.ts": pagesWorkersPool,
  "ui/pages/workers_queues.ts": pagesWorkersQueues,
  "ui/pages/workers_slots.ts": pagesWorkersSlots,
  "ui/pages/workers_tabs.ts": pagesWorkersTabs,
  "ui/pages/workers_words.ts": pagesWorkersWords,
  "ui/schedule_draft.ts": scheduleDraft,
  "ui/schedule_runs.ts": scheduleRuns,
  "ui/state/dead_actions.ts": stateDeadActions,
  "ui/state/fleet.ts": stateFleet,
  "ui/state/schedule_actions.ts": stateScheduleActions,
  "ui/state/worker_commands.ts": stateWorkerCommands,
  "ui/styles/dead.css": stylesDead,
  "ui/styles/schedules.css": stylesSchedules,
  "ui/styles/workers.css": stylesWorkers,
};
