/** One run of a task, from its arguments to its outcome. */

import { Buffer } from "node:buffer";
import type { Outcome } from "./broker.ts";
import type { Work } from "./context.ts";
import { SoftTimeLimitExceeded, toTaskError } from "./errors.ts";
import type { Registry } from "./registry.ts";
import { retryDelay } from "./retry.ts";
import { MAX_PAYLOAD_BYTES, type TaskContext } from "./task.ts";

/** Runs a task to its end. Never rejects: whatever happens is an outcome. */
export async function execute(
  registry: Registry,
  work: Work,
  context: TaskContext,
): Promise<Outcome> {
  try {
    const task = registry.get(work.name);
    try {
      const result = await task.definition.run(JSON.parse(work.args), context);
      return encodeResult(work.name, result);
    } catch (thrown) {
      const error = toTaskError(causeOf(thrown, context.signal));
      const delayMs = retryDelay(task.definition, thrown, work.retries, work.maxRetries);
      return delayMs === null ? { state: "FAILURE", error } : { state: "RETRY", error, delayMs };
    }
  } catch (thrown) {
    return { state: "FAILURE", error: toTaskError(thrown) };
  }
}

function encodeResult(name: string, result: unknown): Outcome {
  const text = JSON.stringify(result ?? null) ?? "null";
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_PAYLOAD_BYTES) return { state: "SUCCESS", result: text };
  const message = `The result of ${name} is ${bytes} bytes of JSON; ` +
    `at most ${MAX_PAYLOAD_BYTES} are allowed`;
  return { state: "FAILURE", error: { type: "ResultTooLargeError", message, stack: null } };
}

/** Calls that listen to the signal throw an AbortError of their own; the signal knows why. */
function causeOf(thrown: unknown, { aborted, reason }: AbortSignal): unknown {
  const abort = thrown instanceof Error && thrown.name === "AbortError";
  return aborted && abort && reason instanceof SoftTimeLimitExceeded ? reason : thrown;
}
