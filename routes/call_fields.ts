/** What a call may say of how its task is run; a schedule may say it too. */

import { z } from "@hono/zod-openapi";
import { MAX_CONCURRENCY_LIMIT, MAX_KEY, MAX_UNIQUE_SECONDS } from "../jobs/flow.ts";
import { MAX_RETRIES, MAX_SECONDS, MAX_TIME_MS } from "../jobs/options.ts";
import { NAME_PATTERN, PRIORITIES } from "../jobs/wire.ts";

export const Seconds = z.number().min(0).max(MAX_SECONDS);
export const Time = z.iso.datetime({
  offset: true,
  abort: true,
  error: "must be a time in ISO 8601 with a time zone",
}).refine((text) => Math.abs(Date.parse(text)) < MAX_TIME_MS, "must be before the year 3000");

const Key = z.string().openapi({ minLength: 1, maxLength: MAX_KEY });

export const callFields = {
  queue: z.string().regex(NAME_PATTERN),
  priority: z.enum(PRIORITIES).openapi({ description: "Without it the task's own" }),
  max_retries: z.int().min(0).max(MAX_RETRIES),
  time_limit: Seconds.openapi({ description: "Seconds; 0 is no limit" }),
  soft_time_limit: Seconds.openapi({
    description: "Seconds, less than the time_limit; 0 is no limit",
  }),
  unique: z.union([z.enum(["start", "end"]), z.number().min(0.001).max(MAX_UNIQUE_SECONDS)], {
    error: `must be "start", "end" or seconds (from 0.001 to ${MAX_UNIQUE_SECONDS})`,
  }).openapi({
    description:
      "Until the first starts, until it ends, or for so many seconds, a second request " +
      "for the same name and arguments is answered with the first one's task",
  }),
  unique_key: Key.openapi({ description: "What counts for `unique` instead of the arguments" }),
  concurrency_key: Key.openapi({
    description: "Tasks with the same key, whatever their names, take turns",
  }),
  concurrency_limit: z.int().min(1).max(MAX_CONCURRENCY_LIMIT).openapi({
    description: "How many tasks with that key may run at the same time; without it 1",
  }),
};
