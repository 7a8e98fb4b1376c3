/** Every scenario, in the order in which they are measured and shown. */

import type { Scenario } from "../scenario.ts";
import { ceilingScenarios } from "./ceiling.ts";
import { enqueueScenarios } from "./enqueue.ts";
import { growthScenarios } from "./growth.ts";
import { httpScenarios } from "./http.ts";
import { idleScenarios } from "./idle.ts";
import { latencyScenarios } from "./latency.ts";
import { memoryScenarios } from "./memory.ts";
import { socketScenarios } from "./sockets.ts";
import { workScenarios } from "./work.ts";

export const scenarios: Scenario[] = [
  ...enqueueScenarios,
  ...workScenarios,
  ...httpScenarios,
  ...socketScenarios,
  ...latencyScenarios,
  ...idleScenarios,
  ...memoryScenarios,
  ...growthScenarios,
  ...ceilingScenarios,
];
