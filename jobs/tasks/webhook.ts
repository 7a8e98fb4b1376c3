import * as z from "zod";
import { Reject, Retry } from "../errors.ts";
import { defineTask } from "../task.ts";

/** No Retry-After makes a task wait longer. */
const MAX_WAIT_SECONDS = 24 * 3600;

/** What is kept of an answer, and what an error message shows of it. */
const MAX_ANSWER_BYTES = 16 * 1024;
const SHOWN_CHARS = 200;

export const webhook = defineTask({
  name: "webhook",
  description: "POSTs JSON to a URL, again with growing pauses while the receiver is in trouble",
  input: z.strictObject({
    url: z.url({ protocol: /^https?$/ }).max(2048).meta({
      title: "URL",
      description: "On a host that the worker's TASKAPP_WEBHOOK_HOSTS lists",
    }),
    body: z.unknown().meta({ title: "Body", description: "Any JSON" }),
    timeout: z.number().min(0.1).max(120).default(10).meta({
      title: "Timeout",
      description: "Seconds that one try may take",
    }),
  }),
  // Up to four minutes of backoff: longer than a receiver's restart takes.
  maxRetries: 8,
  async run({ url, body, timeout }, ctx) {
    const target = new URL(url);
    checkHost(target);
    ctx.progress(0, "SENDING");
    let response: Response;
    let answer: string;
    try {
      response = await fetch(target, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": ctx.id },
        body: JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(timeout * 1000)]),
      });
      ctx.progress(50, "ANSWERED");
      answer = await readStart(response, MAX_ANSWER_BYTES);
    } catch (error) {
      ctx.signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      throw new Retry({ message: `${target.host} did not answer: ${message}`, cause: error });
    }
    const { status } = response;
    if (response.ok) return { status, answer };

    const shown = answer.slice(0, SHOWN_CHARS).trim();
    const message = `${target.host} answered ${status}${shown && `: ${shown}`}`;
    if (status < 400) throw new Reject(`${message}; redirects are not followed`);
    if (status < 500 && status !== 429) throw new Reject(message);
    throw new Retry({ message, ...retryAfter(response.headers) });
  },
});

/**
 * Lets through the hosts of TASKAPP_WEBHOOK_HOSTS: "host" with any port, or "host:port".
 * @throws {Reject} saying what is missing
 */
function checkHost({ hostname, host, port, protocol }: URL): void {
  const listed = Deno.env.get("TASKAPP_WEBHOOK_HOSTS") ?? "";
  const allowed = listed.split(",").map((entry) => entry.trim().toLowerCase()).filter(Boolean);
  if (allowed.length === 0) {
    throw new Reject("Webhooks are off: TASKAPP_WEBHOOK_HOSTS must list the hosts to send to");
  }
  const withPort = port ? host : `${hostname}:${protocol === "https:" ? 443 : 80}`;
  if (!allowed.includes(hostname) && !allowed.includes(withPort)) {
    throw new Reject(`${host} is not among the hosts of TASKAPP_WEBHOOK_HOSTS`);
  }
}

/** Reads an answer up to `limit` bytes and drops the rest unread. */
async function readStart(response: Response, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = limit;
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk.subarray(0, left), { stream: true });
    left -= chunk.length;
    if (left <= 0) break;
  }
  return text;
}

/** The receiver's wish when to come back: seconds or an HTTP date. Without it the backoff rules. */
function retryAfter(headers: Headers): { countdown?: number } {
  const value = headers.get("retry-after")?.trim();
  if (!value) return {};
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return {};
  return { countdown: Math.min(MAX_WAIT_SECONDS, Math.max(0, seconds)) };
}
