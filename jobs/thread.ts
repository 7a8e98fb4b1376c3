/** The program of a worker thread: this program's tasks. */

import { Registry } from "./registry.ts";
import { tasks } from "./tasks/mod.ts";
import { runThread } from "./thread_loop.ts";

runThread(new Registry(tasks));
