import { testSchedules } from "./schedule_conformance.ts";
import { STORES } from "./stores.ts";

for (const [kind, start] of Object.entries(STORES)) testSchedules(kind, start);
