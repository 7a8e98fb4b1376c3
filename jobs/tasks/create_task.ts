import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { defineTask } from "../task.ts";

export const createTask = defineTask({
  name: "create_task",
  description: "Works for as many seconds as you say, one step a second",
  input: z.tuple([
    z.int().min(1).max(3600).default(60).meta({ title: "Length", description: "Seconds of work" }),
  ]),
  // The worker's limits are for tasks that say nothing; this one is told how long to take.
  timeLimit: 3660,
  softTimeLimit: 3630,
  async run([length], ctx) {
    for (let second = 1; second <= length; second++) {
      await sleep(1000, undefined, { signal: ctx.signal });
      ctx.progress(100 * second / length);
    }
    return `worked for ${length} s`;
  },
});
