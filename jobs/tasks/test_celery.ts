import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { defineTask } from "../task.ts";

const STEPS = 10;

export const testCelery = defineTask({
  name: "test_celery",
  description: `Returns the word after ${STEPS} steps of one second; waits in a queue of its own`,
  input: z.tuple([
    z.string().min(1).max(100).meta({ title: "Word", description: "What the result will name" }),
  ]),
  queue: "test-queue",
  async run([word], ctx) {
    for (let step = 1; step <= STEPS; step++) {
      await sleep(1000, undefined, { signal: ctx.signal });
      ctx.progress(100 * step / STEPS);
    }
    return `test task returned ${word}`;
  },
});
