/** What BullMQ runs in its sandboxed threads. */

import { work } from "./work.mjs";

export default (job) => work(job.data);
