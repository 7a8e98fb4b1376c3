/** The pages Tasks, Task and Start. */

import apiTasks from "../api/tasks.ts" with { type: "text" };
import attempts from "../attempts.ts" with { type: "text" };
import calls from "../calls.ts" with { type: "text" };
import inputs from "../inputs.ts" with { type: "text" };
import options from "../options.ts" with { type: "text" };
import pagesArgumentsForm from "../pages/arguments_form.ts" with { type: "text" };
import pagesCallTexts from "../pages/call_texts.ts" with { type: "text" };
import pagesStart from "../pages/start.ts" with { type: "text" };
import pagesStartForm from "../pages/start_form.ts" with { type: "text" };
import pagesStartOptions from "../pages/start_options.ts" with { type: "text" };
import pagesTask from "../pages/task.ts" with { type: "text" };
import pagesTaskAbsence from "../pages/task_absence.ts" with { type: "text" };
import pagesTaskActions from "../pages/task_actions.ts" with { type: "text" };
import pagesTaskAttempts from "../pages/task_attempts.ts" with { type: "text" };
import pagesTaskCard from "../pages/task_card.ts" with { type: "text" };
import pagesTaskFacts from "../pages/task_facts.ts" with { type: "text" };
import pagesTaskLog from "../pages/task_log.ts" with { type: "text" };
import pagesTaskRetry from "../pages/task_retry.ts" with { type: "text" };
import pagesTaskTimeline from "../pages/task_timeline.ts" with { type: "text" };
import pagesTaskWaiting from "../pages/task_waiting.ts" with { type: "text" };
import pagesTasks from "../pages/tasks.ts" with { type: "text" };
import pagesTasksBulk from "../pages/tasks_bulk.ts" with { type: "text" };
import pagesTasksColumns from "../pages/tasks_columns.ts" with { type: "text" };
import pagesTasksRows from "../pages/tasks_rows.ts" with { type: "text" };
import pagesTasksSearch from "../pages/tasks_search.ts" with { type: "text" };
import pagesTasksSelection from "../pages/tasks_selection.ts" with { type: "text" };
import pagesWatching from "../pages/watching.ts" with { type: "text" };
import query from "../query.ts" with { type: "text" };
import rows from "../rows.ts" with { type: "text" };
import stateBulk from "../state/bulk.ts" with { type: "text" };
import stateRecentInputs from "../state/recent_inputs.ts" with { type: "text" };
import stateTaskActions from "../state/task_actions.ts" with { type: "text" };
import stateTaskList from "../state/task_list.ts" with { type: "text" };
import stateTaskTypes from "../state/task_types.ts" with { type: "text" };
import stateWatched from "../state/watched.ts" with { type: "text" };
import steps from "../steps.ts" with { type: "text" };
import stylesCalls from "../styles/calls.css" with { type: "text" };
import stylesStart from "../styles/start.css" with { type: "text" };
import stylesTask from "../styles/task.css" with { type: "text" };
import stylesTasks from "../styles/tasks.css" with { type: "text" };

export const TASKS: { [path: string]: string } = {
  "ui/api/tasks.ts": apiTasks,
  "ui/attempts.ts": attempts,
  "ui/calls.ts": calls,
  "ui/inputs.ts": inputs,
  "ui/options.ts": options,
  "ui/pages/arguments_form.ts": pagesArgumentsForm,
  "ui/pages/call_texts.ts": pagesCallTexts,
  "ui/pages/start.ts": pagesStart,
  "ui/pages/start_form.ts": pagesStartForm,
  "ui/pages/start_options.ts": pagesStartOptions,
  "ui/pages/task.ts": pagesTask,
  "ui/pages/task_absence.ts": pagesTaskAbsence,
  "ui/pages/task_actions.ts": pagesTaskActions,
  "ui/pages/task_attempts.ts": pagesTaskAttempts,
  "ui/pages/task_card.ts": pagesTaskCard,
  "ui/pages/task_facts.ts": pagesTaskFacts,
  "ui/pages/task_log.ts": pagesTaskLog,
  "ui/pages/task_retry.ts": pagesTaskRetry,
  "ui/pages/task_timeline.ts": pagesTaskTimeline,
  "ui/pages/task_waiting.ts": pagesTaskWaiting,
  "ui/pages/tasks.ts": pagesTasks,
  "ui/pages/tasks_bulk.ts": pagesTasksBulk,
  "ui/pages/tasks_columns.ts": pagesTasksColumns,
  "ui/pages/tasks_rows.ts": pagesTasksRows,
  "ui/pages/tasks_search.ts": pagesTasksSearch,
  "ui/pages/tasks_selection.ts": pagesTasksSelection,
  "ui/pages/watching.ts": pagesWatching,
  "ui/query.ts": query,
  "ui/rows.ts": rows,
  "ui/state/bulk.ts": stateBulk,
  "ui/state/recent_inputs.ts": stateRecentInputs,
  "ui/state/task_actions.ts": stateTaskActions,
  "ui/state/task_list.ts": stateTaskList,
  "ui/state/task_types.ts": stateTaskTypes,
  "ui/state/watched.ts": stateWatched,
  "ui/steps.ts": steps,
  "ui/styles/calls.css": stylesCalls,
  "ui/styles/start.css": stylesStart,
  "ui/styles/task.css": stylesTask,
  "ui/styles/tasks.css": stylesTasks,
};
