import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { defineTask } from "../task.ts";

export const divide = defineTask({
  name: "divide",
  description: "Divides x by y, after five seconds of work",
  input: z.tuple([
    z.number().meta({ title: "x" }),
    z.number().meta({ title: "y" }),
  ]),
  async run([x, y], { signal }) {
    await sleep(5000, undefined, { signal });
    if (y === 0) throw new RangeError("division by zero");
    return x / y;
  },
});
