import { testBroker } from "./broker_conformance.ts";
import { STORES } from "./stores.ts";

for (const [kind, start] of Object.entries(STORES)) testBroker(kind, start);
