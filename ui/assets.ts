/**
 * The files of the page, as text, as they stand in the repository and in the installed packages. A new file of ui/ must be listed in one of assets/.
 */

import signals from "@preact/signals" with { type: "text" };
import signalsCore from "@preact/signals-core" with { type: "text" };
import htm from "htm" with { type: "text" };
import htmPreact from "htm/preact" with { type: "text" };
import preact from "preact" with { type: "text" };
import preactHooks from "preact/hooks" with { type: "text" };
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };

import { ACCESS } from "./assets/access.ts";
import { COMPONENTS } from "./assets/components.ts";
import { FLEET } from "./assets/fleet.ts";
import { FRAME } from "./assets/frame.ts";
import { SYSTEM } from "./assets/system.ts";
import { TASKS } from "./assets/tasks.ts";
import index from "./index.html" with { type: "text" };
import registry from "./registry.js" with { type: "text" };
import base from "./styles/base.css" with { type: "text" };
import controls from "./styles/controls.css" with { type: "text" };
import dialogs from "./styles/dialogs.css" with { type: "text" };
import frame from "./styles/frame.css" with { type: "text" };
import parts from "./styles/parts.css" with { type: "text" };

/** The page itself, in which `%ASSETS%` is still to be filled in. */
export const INDEX = index;

/** What brings the modules of the page together. */
export const REGISTRY = registry;

/** The styles of the frame, later ones over earlier ones. */
export const STYLES = [base, controls, frame, parts, dialogs];

/** Packages by the name under which modules import them. */
export const PACKAGES: { [specifier: string]: string } = {
  "@preact/signals": signals,
  "@preact/signals-core": signalsCore,
  "htm": htm,
  "htm/preact": htmPreact,
  "preact": preact,
  "preact/hooks": preactHooks,
  // Its module is not minified, and three times as long as the script, which only lacks this line.
  "uplot": `${uplot}export default uPlot;\n`,
};

/** Files by their path in the repository, so that relative imports hold. */
export const FILES: { [path: string]: string } = {
  ...FRAME,
  ...COMPONENTS,
  ...TASKS,
  ...SYSTEM,
  ...FLEET,
  ...ACCESS,
};
