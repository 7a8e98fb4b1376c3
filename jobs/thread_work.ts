/** Tasks and outcomes as text, for memory that threads share. */

import type { Outcome } from "./broker.ts";
import type { Work } from "./context.ts";

/** Before a result, to tell it from an outcome of another kind as JSON. */
const SUCCESS = "+";

export function encodeWork({ id, name, attempt, retries, maxRetries, args }: Work): string {
  return `${id}\n${name}\n${attempt}\n${retries}\n${maxRetries}\n${args}`;
}

export function decodeWork(text: string): Work {
  let from = 0;
  const next = () => {
    const end = text.indexOf("\n", from);
    const word = text.slice(from, end);
    from = end + 1;
    return word;
  };
  const id = next();
  const name = next();
  const attempt = Number(next());
  const retries = Number(next());
  const maxRetries = Number(next());
  return { id, name, attempt, retries, maxRetries, args: text.slice(from) };
}

export function encodeOutcome(outcome: Outcome): string {
  return outcome.state === "SUCCESS" ? SUCCESS + outcome.result : JSON.stringify(outcome);
}

export function decodeOutcome(text: string): Outcome {
  return text.startsWith(SUCCESS)
    ? { state: "SUCCESS", result: text.slice(SUCCESS.length) }
    : JSON.parse(text);
}
