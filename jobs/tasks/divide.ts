import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { defineTask } from "../task.ts";

const SECONDS = 5;

export const divide = defineTask({
  name: "divide",
  description: `Divides x by y, after ${SECONDS} seconds of work`,
  input: z.tuple([
    z.number().meta({ title: "x", description: "What is divided" }),
    z.number().meta({ title: "y", description: "By what; 0 makes the task fail" }),
  ]),
  async run([x, y], ctx) {
    for (let second = 1; second <= SECONDS; second++) {
      await sleep(1000, undefined, { signal: ctx.signal });
      ctx.progress(100 * second / SECONDS);
    }
    if (y === 0) throw new RangeError("division by zero");
    const quotient = x / y;
    if (!Number.isFinite(quotient)) throw new RangeError("the quotient is too large");
    return quotient;
  },
});
