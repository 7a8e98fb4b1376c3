/**
 * The task that is measured, added to those of the program as a user adds one; loaded before the program,
 * so that nothing of it has to change.
 */

import * as z from "zod";
import { defineTask, type TaskHandle } from "../jobs/task.ts";
import { work } from "./peers/work.mjs";

/** One for all kinds of work, as in the peers. */
export const bench = defineTask({
  name: "bench",
  input: z.object({
    sleepMs: z.int().optional(),
    primes: z.int().optional(),
    clock: z.boolean().optional(),
    text: z.string().optional(),
  }),
  run: (data) => work(data),
});

export const tasks: TaskHandle[] = [bench];
