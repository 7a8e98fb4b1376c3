/** The pages Overview, Queues and System. */

import pagesOverview from "../pages/overview.ts" with { type: "text" };
import pagesQueues from "../pages/queues.ts" with { type: "text" };
import pagesSystem from "../pages/system.ts" with { type: "text" };
import stylesOverview from "../styles/overview.css" with { type: "text" };
import stylesQueues from "../styles/queues.css" with { type: "text" };
import stylesSystem from "../styles/system.css" with { type: "text" };

export const SYSTEM: { [path: string]: string } = {
  "ui/pages/overview.ts": pagesOverview,
  "ui/pages/queues.ts": pagesQueues,
  "ui/pages/system.ts": pagesSystem,
  "ui/styles/overview.css": stylesOverview,
  "ui/styles/queues.css": stylesQueues,
  "ui/styles/system.css": stylesSystem,
};
