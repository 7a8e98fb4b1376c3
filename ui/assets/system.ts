/** The pages Overview, Queues and System, and plots. */

import uplot from "uplot/dist/uPlot.min.css" with { type: "text" };
import apiSystem from "../api/system.ts" with { type: "text" };
import componentsPlot from "../components/plot.ts" with { type: "text" };
import componentsPlotCanvas from "../components/plot_canvas.ts" with { type: "text" };
import componentsPlotData from "../components/plot_data.ts" with { type: "text" };
import history from "../history.ts" with { type: "text" };
import pagesOverview from "../pages/overview.ts" with { type: "text" };
import pagesOverviewFigures from "../pages/overview_figures.ts" with { type: "text" };
import pagesOverviewFirstSteps from "../pages/overview_first_steps.ts" with { type: "text" };
import pagesOverviewPlots from "../pages/overview_plots.ts" with { type: "text" };
import pagesOverviewProblems from "../pages/overview_problems.ts" with { type: "text" };
import pagesOverviewTasks from "../pages/overview_tasks.ts" with { type: "text" };
import pagesQueue from "../pages/queue.ts" with { type: "text" };
import pagesQueueActions from "../pages/queue_actions.ts" with { type: "text" };
import pagesQueueLimits from "../pages/queue_limits.ts" with { type: "text" };
import pagesQueueList from "../pages/queue_list.ts" with { type: "text" };
import pagesQueueParts from "../pages/queue_parts.ts" with { type: "text" };
import pagesQueueTasks from "../pages/queue_tasks.ts" with { type: "text" };
import pagesQueueWorkers from "../pages/queue_workers.ts" with { type: "text" };
import pagesQueues from "../pages/queues.ts" with { type: "text" };
import pagesRangeSwitch from "../pages/range_switch.ts" with { type: "text" };
import pagesSystem from "../pages/system.ts" with { type: "text" };
import pagesSystemSettings from "../pages/system_settings.ts" with { type: "text" };
import problems from "../problems.ts" with { type: "text" };
import stateHistory from "../state/history.ts" with { type: "text" };
import stateSystem from "../state/system.ts" with { type: "text" };
import stylesFigures from "../styles/figures.css" with { type: "text" };
import stylesOverview from "../styles/overview.css" with { type: "text" };
import stylesPlot from "../styles/plot.css" with { type: "text" };
import stylesQueues from "../styles/queues.css" with { type: "text" };
import stylesSystem from "../styles/system.css" with { type: "text" };

export const SYSTEM: { [path: string]: string } = {
  "ui/api/system.ts": apiSystem,
  "ui/components/plot.ts": componentsPlot,
  "ui/components/plot_canvas.ts": componentsPlotCanvas,
  "ui/components/plot_data.ts": componentsPlotData,
  "ui/history.ts": history,
  "ui/pages/overview.ts": pagesOverview,
  "ui/pages/overview_figures.ts": pagesOverviewFigures,
  "ui/pages/overview_first_steps.ts": pagesOverviewFirstSteps,
  "ui/pages/overview_plots.ts": pagesOverviewPlots,
  "ui/pages/overview_problems.ts": pagesOverviewProblems,
  "ui/pages/overview_tasks.ts": pagesOverviewTasks,
  "ui/pages/queue.ts": pagesQueue,
  "ui/pages/queue_actions.ts": pagesQueueActions,
  "ui/pages/queue_limits.ts": pagesQueueLimits,
  "ui/pages/queue_list.ts": pagesQueueList,
  "ui/pages/queue_parts.ts": pagesQueueParts,
  "ui/pages/queue_tasks.ts": pagesQueueTasks,
  "ui/pages/queue_workers.ts": pagesQueueWorkers,
  "ui/pages/queues.ts": pagesQueues,
  "ui/pages/range_switch.ts": pagesRangeSwitch,
  "ui/pages/system.ts": pagesSystem,
  "ui/pages/system_settings.ts": pagesSystemSettings,
  "ui/problems.ts": problems,
  "ui/state/history.ts": stateHistory,
  "ui/state/system.ts": stateSystem,
  "ui/styles/figures.css": stylesFigures,
  "ui/styles/overview.css": stylesOverview,
  "ui/styles/plot.css": stylesPlot,
  "ui/styles/queues.css": stylesQueues,
  "ui/styles/system.css": stylesSystem,
  "ui/styles/uplot.css": uplot,
};
