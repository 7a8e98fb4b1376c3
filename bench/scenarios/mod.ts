/** Every scenario, in the order in which they are measured and shown. */

import type { Scenario } from "../scenario.ts";
import { enqueueScenarios } from "./enqueue.ts";
import { httpScenarios } from "./http.ts";
import { latencyScenarios } from "./latency.ts";
import { socketScenarios } from "./sockets.ts";
import { workScenarios } from "./work.ts";

export const scenarios: Scenario[] = [
  ...enqueueScenarios,
  ...workScenarios,
  ...httpScenarios,
  ...socketScenarios,
  ...latencyScenarios,
];
