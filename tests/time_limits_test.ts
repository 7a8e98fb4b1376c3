/** The soft limit asks before the hard one stops, or it is refused. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { z } from "zod";
import { defineTask } from "../jobs/task.ts";
import { TimeLimits } from "../jobs/time_limits.ts";

const define = (limits: { timeLimit?: number; softTimeLimit?: number }) =>
  defineTask({ name: "t", input: z.tuple([]), run: () => null, ...limits });

Deno.test("a soft limit that is not below the hard one is refused, and 0 is no limit", async () => {
  assertThrows(() => define({ timeLimit: 5, softTimeLimit: 5 }), RangeError, 'Task "t": softTime');
  const task = define({ timeLimit: 5 });
  for (const options of [{ softTimeLimit: 5 }, { softTimeLimit: 1, timeLimit: 0.5 }]) {
    const message = "soft_time_limit must be below time_limit, which is";
    await assertRejects(() => task.prepare([], options), RangeError, message);
  }
  for (const options of [{ softTimeLimit: 4 }, { softTimeLimit: 9, timeLimit: 0 }]) {
    assertEquals((await task.prepare([], options)).softTimeLimit, options.softTimeLimit);
  }
  // One call may be shorter than its task ever asks for.
  await define({ softTimeLimit: 4 }).prepare([], { timeLimit: 2 });
});

Deno.test("limits are due in their order, and being stopped comes first", () => {
  const limits = new TimeLimits(1000, { soft: 1, hard: 2 });
  const due = [1999, 2000, 2001, 2999, 3000].map((now) => limits.due(now));
  assertEquals(due, [null, "soft", null, null, "hard"]);
  limits.stopAt(3100);
  assertEquals([limits.isStopping, limits.due(3099), limits.due(3100)], [true, "hard", "stop"]);
  assertEquals(new TimeLimits(0, { soft: 0, hard: 0 }).due(1e15), null);
});
