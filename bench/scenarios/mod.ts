/** Every scenario, in the order in which they are measured and shown. */

import type { Scenario } from "../scenario.ts";
import { enqueueScenarios } from "./enqueue.ts";
import { workScenarios } from "./work.ts";

export const scenarios: Scenario[] = [...enqueueScenarios, ...workScenarios];
