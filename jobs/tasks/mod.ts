/** Every task of this program. To add one: write its file, import it here, and list it. */

import type { TaskHandle } from "../task.ts";
import { countPrimes } from "./count_primes.ts";
import { createTask } from "./create_task.ts";
import { csvReport } from "./csv_report.ts";
import { divide } from "./divide.ts";
import { longRunningTask } from "./long_running_task.ts";
import { testCelery } from "./test_celery.ts";
import { webhook } from "./webhook.ts";

export const tasks: TaskHandle[] = [
  countPrimes,
  createTask,
  csvReport,
  divide,
  longRunningTask,
  testCelery,
  webhook,
];
