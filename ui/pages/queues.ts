/** The queues, and one of them. */

import { html } from "htm/preact";
import type { PageProps } from "../pages.ts";
import { QueuePage } from "./queue.ts";
import { QueueList } from "./queue_list.ts";

export function QueuesPage({ id }: PageProps) {
  return id === null ? html`<${QueueList} />` : html`<${QueuePage} name=${id} />`;
}
