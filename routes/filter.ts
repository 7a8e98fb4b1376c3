/** What tasks can be looked for by, in a query and in a body. */

import { z } from "@hono/zod-openapi";
import type { TaskFilter } from "../jobs/broker.ts";
import { type State, STATES } from "../jobs/wire.ts";

/** What is looked for in thousands of tasks. */
const MAX_TEXT = 1000;

const Text = z.string().min(1, "must not be empty").max(MAX_TEXT);

const states = (text: string) => text.split(",").map((each) => each.trim()) as State[];
const StateList = z.string().refine((text) => states(text).every((each) => STATES.includes(each)), {
  error: `must be one or several of ${STATES.join(",")}`,
}).transform(states).openapi({ type: "string", example: "FAILURE,REVOKED" });

const Moment = z.iso.datetime({
  offset: true,
  error: "must be a time such as 2030-01-31T12:00:00Z",
}).transform((text) => Date.parse(text)).openapi({ type: "string", format: "date-time" });

const Yes = z.union([z.literal("true"), z.literal(true)], { error: "must be true" })
  .transform(() => true as const).openapi({ type: "boolean" });

/** The fields of a filter that dead tasks have too. */
export const DEAD_FIELDS = {
  name: Text.optional(),
  queue: Text.optional(),
  worker: Text.optional().openapi({ description: "That runs it, or was the last to" }),
  schedule: Text.optional().openapi({ description: "That started it" }),
  id: Text.optional().openapi({ description: "How its id begins" }),
  args: Text.optional().openapi({ description: "Text in its arguments as JSON, in any case" }),
  result: Text.optional().openapi({ description: "Text in its result as JSON, in any case" }),
  error: Text.optional().openapi({
    description: "Text in the type or the message of its error, in any case",
  }),
  text: Text.optional().openapi({
    description: "Text in its id, name, arguments, result or error, in any case",
  }),
  since: Moment.optional().openapi({ description: "Accepted then or later" }),
  until: Moment.optional().openapi({ description: "Accepted then or earlier" }),
};

/** All fields of a filter, as text or as JSON. */
export const FILTER_FIELDS = {
  state: StateList.optional().openapi({ description: "One state, or several with commas" }),
  ...DEAD_FIELDS,
  dead: Yes.optional().openapi({ description: "Only those that have failed for good" }),
};

/** A filter that says something. */
export const FilterBody = z.strictObject(FILTER_FIELDS).refine(
  (filter: TaskFilter) => Object.keys(filter).length > 0,
  { error: "must say which tasks, for example by state, name or queue" },
).openapi("TaskFilter", { example: { state: "FAILURE", name: "webhook" } });
