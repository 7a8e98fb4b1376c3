import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { defineTask } from "../task.ts";

const STAGES = [
  { stage: "STARTED", percent: 25 },
  { stage: "PROCESSING", percent: 50 },
  { stage: "CONCLUDING", percent: 75 },
  { stage: "COMPLETED", percent: 100 },
];

export const longRunningTask = defineTask({
  name: "long_running_task",
  description: `Goes through ${STAGES.length} stages, each announced before its work`,
  input: z.tuple([
    z.number().min(0).max(900).default(5).meta({
      title: "Stage seconds",
      description: "Seconds of work in each stage",
    }),
  ]),
  // Room for four of the longest stages.
  timeLimit: 3660,
  softTimeLimit: 3630,
  async run([stageSeconds], ctx) {
    for (const { stage, percent } of STAGES) {
      ctx.progress(percent, stage);
      ctx.log(`${stage}: ${stageSeconds} s of work`);
      await sleep(stageSeconds * 1000, undefined, { signal: ctx.signal });
    }
    return `went through ${STAGES.length} stages`;
  },
});
