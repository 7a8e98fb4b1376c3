/** Every task of this program. To add one: write its file, import it here, and list it. */

import type { TaskHandle } from "../task.ts";
import { divide } from "./divide.ts";

export const tasks: TaskHandle[] = [divide];
