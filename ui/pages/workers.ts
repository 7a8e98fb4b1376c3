/** Workers: all of them, one of them, or the limits of the tasks that they run. */

import { html } from "htm/preact";
import type { PageProps } from "../pages.ts";
import { route } from "../route.ts";
import { TaskLimits } from "./workers_limits.ts";
import { WorkerList } from "./workers_list.ts";
import { OneWorker } from "./workers_one.ts";

export function WorkersPage({ id }: PageProps) {
  if (id !== null) return html`<${OneWorker} name=${id} />`;
  return route.value.query.get("view") === "limits"
    ? html`<${TaskLimits} />`
    : html`<${WorkerList} />`;
}
