/** Components that any page may use. */

import componentsAbsence from "../components/absence.ts" with { type: "text" };
import componentsBadge from "../components/badge.ts" with { type: "text" };
import componentsButton from "../components/button.ts" with { type: "text" };
import componentsConfirm from "../components/confirm.ts" with { type: "text" };
import componentsCopyButton from "../components/copy_button.ts" with { type: "text" };
import componentsDialog from "../components/dialog.ts" with { type: "text" };
import componentsField from "../components/field.ts" with { type: "text" };
import componentsIcons from "../components/icons.ts" with { type: "text" };
import componentsFacts from "../components/facts.ts" with { type: "text" };
import componentsJsonView from "../components/json_view.ts" with { type: "text" };
import componentsKbd from "../components/kbd.ts" with { type: "text" };
import componentsMenu from "../components/menu.ts" with { type: "text" };
import componentsMeter from "../components/meter.ts" with { type: "text" };
import componentsPage from "../components/page.ts" with { type: "text" };
import componentsProgress from "../components/progress.ts" with { type: "text" };
import componentsSparkline from "../components/sparkline.ts" with { type: "text" };
import componentsTable from "../components/table.ts" with { type: "text" };
import componentsTabs from "../components/tabs.ts" with { type: "text" };
import componentsTaskId from "../components/task_id.ts" with { type: "text" };
import componentsTaskOutcome from "../components/task_outcome.ts" with { type: "text" };
import componentsTime from "../components/time.ts" with { type: "text" };
import componentsVirtualRows from "../components/virtual_rows.ts" with { type: "text" };

export const COMPONENTS: { [path: string]: string } = {
  "ui/components/absence.ts": componentsAbsence,
  "ui/components/badge.ts": componentsBadge,
  "ui/components/button.ts": componentsButton,
  "ui/components/confirm.ts": componentsConfirm,
  "ui/components/copy_button.ts": componentsCopyButton,
  "ui/components/dialog.ts": componentsDialog,
  "ui/components/field.ts": componentsField,
  "ui/components/icons.ts": componentsIcons,
  "ui/components/facts.ts": componentsFacts,
  "ui/components/json_view.ts": componentsJsonView,
  "ui/components/kbd.ts": componentsKbd,
  "ui/components/menu.ts": componentsMenu,
  "ui/components/meter.ts": componentsMeter,
  "ui/components/page.ts": componentsPage,
  "ui/components/progress.ts": componentsProgress,
  "ui/components/sparkline.ts": componentsSparkline,
  "ui/components/table.ts": componentsTable,
  "ui/components/tabs.ts": componentsTabs,
  "ui/components/task_id.ts": componentsTaskId,
  "ui/components/task_outcome.ts": componentsTaskOutcome,
  "ui/components/time.ts": componentsTime,
  "ui/components/virtual_rows.ts": componentsVirtualRows,
};
