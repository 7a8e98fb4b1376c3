/** The task that is measured. */

import * as z from "zod";
import { defineTask } from "../jobs/task.ts";
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
