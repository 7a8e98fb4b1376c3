/**
 * The files of the page, as text: what the server sends is what stands in the repository and in the
 * installed packages. A new file of ui/ must be listed here.
 */

import signals from "@preact/signals" with { type: "text" };
import signalsCore from "@preact/signals-core" with { type: "text" };
import htm from "htm" with { type: "text" };
import htmPreact from "htm/preact" with { type: "text" };
import preact from "preact" with { type: "text" };
import preactHooks from "preact/hooks" with { type: "text" };

import wire from "../jobs/wire.ts" with { type: "text" };
import api from "./api.ts" with { type: "text" };
import app from "./app.ts" with { type: "text" };
import absence from "./components/absence.ts" with { type: "text" };
import actions from "./components/actions.ts" with { type: "text" };
import badge from "./components/badge.ts" with { type: "text" };
import field from "./components/field.ts" with { type: "text" };
import header from "./components/header.ts" with { type: "text" };
import icons from "./components/icons.ts" with { type: "text" };
import log from "./components/log.ts" with { type: "text" };
import progress from "./components/progress.ts" with { type: "text" };
import startForm from "./components/start_form.ts" with { type: "text" };
import taskCard from "./components/task_card.ts" with { type: "text" };
import taskId from "./components/task_id.ts" with { type: "text" };
import taskList from "./components/task_list.ts" with { type: "text" };
import taskPage from "./components/task_page.ts" with { type: "text" };
import time from "./components/time.ts" with { type: "text" };
import timeline from "./components/timeline.ts" with { type: "text" };
import watching from "./components/watching.ts" with { type: "text" };
import format from "./format.ts" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import index from "./index.html" with { type: "text" };
import live from "./live.ts" with { type: "text" };
import schema from "./schema.ts" with { type: "text" };
import state from "./state.ts" with { type: "text" };
import steps from "./steps.ts" with { type: "text" };
import store from "./store.ts" with { type: "text" };
import baseCss from "./styles/base.css" with { type: "text" };
import controlsCss from "./styles/controls.css" with { type: "text" };
import frameCss from "./styles/frame.css" with { type: "text" };
import listsCss from "./styles/lists.css" with { type: "text" };
import taskPageCss from "./styles/task_page.css" with { type: "text" };
import tasksCss from "./styles/tasks.css" with { type: "text" };

/** The page itself, in which `%ASSETS%` and `<!--modules-->` are still to be filled in. */
export const INDEX = index;

/** Packages by the name under which modules import them. */
export const PACKAGES: { [specifier: string]: string } = {
  "@preact/signals": signals,
  "@preact/signals-core": signalsCore,
  "htm": htm,
  "htm/preact": htmPreact,
  "preact": preact,
  "preact/hooks": preactHooks,
};

/** Files by their path in the repository, so that relative imports hold. */
export const FILES: { [path: string]: string } = {
  "jobs/wire.ts": wire,
  "ui/api.ts": api,
  "ui/app.ts": app,
  "ui/components/absence.ts": absence,
  "ui/components/actions.ts": actions,
  "ui/components/badge.ts": badge,
  "ui/components/field.ts": field,
  "ui/components/header.ts": header,
  "ui/components/icons.ts": icons,
  "ui/components/log.ts": log,
  "ui/components/progress.ts": progress,
  "ui/components/start_form.ts": startForm,
  "ui/components/task_card.ts": taskCard,
  "ui/components/task_id.ts": taskId,
  "ui/components/task_list.ts": taskList,
  "ui/components/task_page.ts": taskPage,
  "ui/components/time.ts": time,
  "ui/components/timeline.ts": timeline,
  "ui/components/watching.ts": watching,
  "ui/format.ts": format,
  "ui/icon.svg": icon,
  "ui/live.ts": live,
  "ui/schema.ts": schema,
  "ui/state.ts": state,
  "ui/steps.ts": steps,
  "ui/store.ts": store,
  "ui/styles/base.css": baseCss,
  "ui/styles/controls.css": controlsCss,
  "ui/styles/frame.css": frameCss,
  "ui/styles/lists.css": listsCss,
  "ui/styles/task_page.css": taskPageCss,
  "ui/styles/tasks.css": tasksCss,
};
