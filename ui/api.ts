/** The HTTP API as the page calls it. What a page asks for stands in `api/`. */

import { signal } from "@preact/signals";

export interface Issue {
  /** What is wrong where, such as "args.0". */
  path: string;
  message: string;
}

/** What the server answered instead of what was asked for; `status` 0 is no answer at all. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly issues: Issue[];

  constructor(status: number, message: string, issues: Issue[] = []) {
    super(message);
    this.status = status;
    this.issues = issues;
  }
}

/** Milliseconds that an answer may take. */
const TIMEOUT = 10_000;

/** Counts the answers by which the reader may be somebody else now, or nobody. */
export const sessionDoubts = signal(0);

/** When the server last answered, in Unix milliseconds. */
export const heardAt = signal(Date.now());

/**
 * Calls the API with the reader's session.
 * @throws {ApiError} with the server's own words
 */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  const text = await response.text();
  const answer = response.headers.get("content-type")?.includes("json") && text
    ? JSON.parse(text)
    : null;
  heardAt.value = Date.now();
  if (response.ok) return answer;
  if ((response.status === 401 || response.status === 403) && path !== "/login") {
    sessionDoubts.value++;
  }
  const message = answer?.detail ?? answer?.title ?? `The server answered ${response.status}.`;
  throw new ApiError(response.status, message, answer?.errors ?? []);
}

async function send(method: string, path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      headers: {
        "x-requested-with": "taskapp",
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch {
    throw new ApiError(0, "The server cannot be reached.");
  }
}
