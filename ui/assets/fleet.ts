/** The pages Workers, Schedules and Dead tasks. */

import pagesDead from "../pages/dead.ts" with { type: "text" };
import pagesSchedules from "../pages/schedules.ts" with { type: "text" };
import pagesWorkers from "../pages/workers.ts" with { type: "text" };
import stylesDead from "../styles/dead.css" with { type: "text" };
import stylesSchedules from "../styles/schedules.css" with { type: "text" };
import stylesWorkers from "../styles/workers.css" with { type: "text" };

export const FLEET: { [path: string]: string } = {
  "ui/pages/dead.ts": pagesDead,
  "ui/pages/schedules.ts": pagesSchedules,
  "ui/pages/workers.ts": pagesWorkers,
  "ui/styles/dead.css": stylesDead,
  "ui/styles/schedules.css": stylesSchedules,
  "ui/styles/workers.css": stylesWorkers,
};
