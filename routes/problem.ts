/** Every answer that is an error: RFC 9457 problem details, one shape, never a stack trace. */

import { z } from "@hono/zod-openapi";
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { AccountConflictError, UnknownAccountError } from "../jobs/access_directory.ts";
import { BrokerFullError, BrokerUnavailableError, InvalidCursorError } from "../jobs/broker.ts";
import {
  ArgumentsTooLargeError,
  InvalidArgumentsError,
  InvalidOptionError,
  UnknownQueueError,
  UnknownTaskError,
} from "../jobs/errors.ts";
import { InvalidScheduleError } from "../jobs/schedule.ts";
import { CommandRefusedError, UnknownWorkerError } from "../jobs/worker_control.ts";
import { ScheduleConflictError, UnknownScheduleError } from "../jobs/schedule_control.ts";
import type { State } from "../jobs/wire.ts";

const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const satisfies Partial<Record<ContentfulStatusCode, string>>;

export type ProblemStatus = keyof typeof TITLES;

/** One thing that is wrong in the input; `path` names it, for example `tasks.17.args.0`. */
export interface InputError {
  path: string;
  message: string;
}

interface Extras {
  /** How long ago the broker last answered; null if it never did. */
  last_answer_seconds?: number | null;
  errors?: InputError[];
  /** The names that exist. */
  known?: string[];
  /** The state that stood in the way. */
  task_status?: State;
}

/** Seconds after which a client may try again while the broker is away. */
const RETRY_AFTER = "2";

/** Thrown by a handler to be answered as this problem. */
export class Problem extends Error {
  override name = "Problem";

  constructor(
    readonly status: ProblemStatus,
    detail: string,
    readonly extras: Extras = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }

  response(c: Context): Response {
    const { status } = this;
    return c.body(
      JSON.stringify({
        type: "about:blank",
        title: TITLES[status],
        status,
        detail: this.message,
        ...this.extras,
      }),
      status,
      { ...this.headers, "content-type": "application/problem+json" },
    );
  }
}

/** The problem of input that does not fit its schema. */
export function invalidInput(errors: InputError[], extras: Extras = {}): Problem {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const detail = first ? `${first.path}: ${first.message}${more}` : "The input is not valid";
  return new Problem(422, detail, { errors, ...extras });
}

/** The problem of a broker that is away or full. */
export function unavailable(detail: string, extras: Extras = {}): Problem {
  return new Problem(503, detail, extras, { "retry-after": RETRY_AFTER });
}

/** The problem of an id that no task has. */
export function noSuchTask(id: string): Problem {
  return new Problem(404, `No task has the id "${id}": it never existed, or it has expired`);
}

/** Issues of a zod error, an unknown field named each by its own path. */
export function inputErrors(error: z.ZodError, root = "body"): InputError[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...issue.path, key].join("."),
        message: "no such field",
      }));
    }
    return [{ path: issue.path.join(".") || root, message: issue.message }];
  });
}

/** Answers what was thrown; what nobody foresaw is logged and told to nobody. */
export function onError(thrown: unknown, c: Context): Response {
  return toProblem(thrown, c).response(c);
}

/** Answers a path that no route has. */
export function notFound(c: Context): Response {
  return new Problem(404, `There is nothing at ${c.req.path}; /docs lists what there is`)
    .response(c);
}

function toProblem(thrown: unknown, c: Context): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof UnknownTaskError || thrown instanceof UnknownQueueError) {
    return new Problem(404, thrown.message, { known: thrown.known });
  }
  if (thrown instanceof InvalidArgumentsError || thrown instanceof InvalidScheduleError) {
    return invalidInput(thrown.issues);
  }
  if (thrown instanceof InvalidOptionError) {
    return invalidInput([{ path: thrown.option, message: thrown.rule }]);
  }
  if (thrown instanceof UnknownAccountError) return new Problem(404, thrown.message);
  if (thrown instanceof AccountConflictError) return new Problem(409, thrown.message);
  if (thrown instanceof UnknownWorkerError) {
    return new Problem(404, thrown.message, { known: thrown.known });
  }
  if (thrown instanceof CommandRefusedError) return new Problem(409, thrown.message);
  if (thrown instanceof UnknownScheduleError) return new Problem(404, thrown.message);
  if (thrown instanceof ScheduleConflictError) return new Problem(409, thrown.message);
  if (thrown instanceof InvalidCursorError) {
    return new Problem(400, "The cursor is not one that a page before has answered");
  }
  if (thrown instanceof ArgumentsTooLargeError) return new Problem(413, thrown.message);
  if (thrown instanceof BrokerUnavailableError) {
    const detail = thrown instanceof BrokerFullError
      ? "The broker is full and takes no new tasks at the moment; try again later"
      : "The broker does not answer at the moment; try again in a few seconds";
    return unavailable(detail);
  }
  if (thrown instanceof Deno.errors.BadResource || thrown instanceof Deno.errors.Http) {
    return new Problem(400, "The request ended before its body did");
  }
  if (thrown instanceof HTTPException && isKnown(thrown.status)) {
    return new Problem(thrown.status, thrown.message || TITLES[thrown.status]);
  }
  getLogger(["taskapp", "http"]).error("{method} {path} failed: {error}", {
    method: c.req.method,
    path: c.req.path,
    error: thrown,
  });
  return new Problem(500, "Something went wrong here; the server's log says what");
}

function isKnown(status: number): status is ProblemStatus {
  return status in TITLES;
}

const ProblemBody = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  known: z.array(z.string()).optional(),
  last_answer_seconds: z.number().nullable().optional(),
}).openapi("Problem");

/** The part of a route's `responses` that says which problems it may answer. */
export function problems<S extends ProblemStatus>(...statuses: S[]) {
  const entry = (status: S) => ({
    description: TITLES[status],
    content: { "application/problem+json": { schema: ProblemBody } },
  });
  return Object.fromEntries(statuses.map((status) => [status, entry(status)]));
}
