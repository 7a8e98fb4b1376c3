/** The pages Tasks, Task and Start. */

import apiTasks from "../api/tasks.ts" with { type: "text" };
import pagesStart from "../pages/start.ts" with { type: "text" };
import pagesStartForm from "../pages/start_form.ts" with { type: "text" };
import pagesTask from "../pages/task.ts" with { type: "text" };
import pagesTaskAbsence from "../pages/task_absence.ts" with { type: "text" };
import pagesTaskActions from "../pages/task_actions.ts" with { type: "text" };
import pagesTaskCard from "../pages/task_card.ts" with { type: "text" };
import pagesTaskList from "../pages/task_list.ts" with { type: "text" };
import pagesTaskLog from "../pages/task_log.ts" with { type: "text" };
import pagesTaskTimeline from "../pages/task_timeline.ts" with { type: "text" };
import pagesTasks from "../pages/tasks.ts" with { type: "text" };
import pagesWatching from "../pages/watching.ts" with { type: "text" };
import stateListing from "../state/listing.ts" with { type: "text" };
import stateTaskActions from "../state/task_actions.ts" with { type: "text" };
import stateWatched from "../state/watched.ts" with { type: "text" };
import steps from "../steps.ts" with { type: "text" };
import stylesStart from "../styles/start.css" with { type: "text" };
import stylesTask from "../styles/task.css" with { type: "text" };
import stylesTasks from "../styles/tasks.css" with { type: "text" };

export const TASKS: { [path: string]: string } = {
  "ui/api/tasks.ts": apiTasks,
  "ui/pages/start.ts": pagesStart,
  "ui/pages/start_form.ts": pagesStartForm,
  "ui/pages/task.ts": pagesTask,
  "ui/pages/task_absence.ts": pagesTaskAbsence,
  "ui/pages/task_actions.ts": pagesTaskActions,
  "ui/pages/task_card.ts": pagesTaskCard,
  "ui/pages/task_list.ts": pagesTaskList,
  "ui/pages/task_log.ts": pagesTaskLog,
  "ui/pages/task_timeline.ts": pagesTaskTimeline,
  "ui/pages/tasks.ts": pagesTasks,
  "ui/pages/watching.ts": pagesWatching,
  "ui/state/listing.ts": stateListing,
  "ui/state/task_actions.ts": stateTaskActions,
  "ui/state/watched.ts": stateWatched,
  "ui/steps.ts": steps,
  "ui/styles/start.css": stylesStart,
  "ui/styles/task.css": stylesTask,
  "ui/styles/tasks.css": stylesTasks,
};
