/** Tasks and outcomes as text, for memory that threads share. */

import type { Outcome } from "./broker.ts";
import type { Work } from "./context.ts";

/** Before a result, to tell it from an outcome of another kind as JSON. */
const SUCCESS = "+";

export function encodeWork({ id, name, attempt, retries, maxRetries, args }: Work): string {
  return `${id}\n${name}\n${attempt}\n${retries}\n${maxRetries}\n${args}`;
}

export function decodeWork(text: string): Work {
  const [id = "", name = "", attempt = "", retries = "", maxRetries = ""] = text.split("\n", 5);
  const args = text.slice([id, name, attempt, retries, maxRetries].join("\n").length + 1);
  return {
    id,
    name,
    args,
    attempt: Number(attempt),
    retries: Number(retries),
    maxRetries: Number(maxRetries),
  };
}

export function encodeOutcome(outcome: Outcome): string {
  return outcome.state === "SUCCESS" ? SUCCESS + outcome.result : JSON.stringify(outcome);
}

export function decodeOutcome(text: string): Outcome {
  return text.startsWith(SUCCESS)
    ? { state: "SUCCESS", result: text.slice(SUCCESS.length) }
    : JSON.parse(text);
}
