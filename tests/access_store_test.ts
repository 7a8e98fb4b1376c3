import { testAccess } from "./access_conformance.ts";
import { STORES } from "./stores.ts";

for (const [kind, start] of Object.entries(STORES)) testAccess(kind, start);
