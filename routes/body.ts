/** Reading the JSON body of a request, bounded in size and time. */

import type { Context, MiddlewareHandler } from "hono";
import { Deadlines } from "../lib/deadlines.ts";
import { Problem } from "./problem.ts";

/** A body must arrive within this time and a second more for each SLOWEST bytes of its length. */
const PATIENCE_MS = 5000;
const SLOWEST = 128 * 1024;

declare module "hono" {
  interface ContextVariableMap {
    /** The text of the body, once all of it was read. */
    body: string;
  }
}

const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

/** Of all bodies that are being read; an app that closes lets it rest. */
export const bodyDeadlines = new Deadlines();

/**
 * Reads the body before the route's schema looks at it. An empty one counts as none, whatever
 * content type came with it.
 * @param maxBytes what is longer is answered with 413
 */
export function jsonBody(maxBytes: number): MiddlewareHandler {
  return async (c, next) => {
    if (await readBody(c, maxBytes) === "") {
      const headers = new Headers(c.req.raw.headers);
      headers.delete("content-type");
      c.req.raw = new Request(c.req.raw.url, { method: c.req.method, headers });
    }
    await next();
  };
}

/**
 * The value in the body; none for an empty one, whatever content type came with it.
 * @param maxBytes what is longer is answered with 413
 * @throws {Problem} 400, 408, 413, 415
 */
export async function readJson(c: Context, maxBytes: number): Promise<{ value?: unknown }> {
  const text = await readBody(c, maxBytes);
  if (text === "") return {};
  try {
    return { value: JSON.parse(text) };
  } catch {
    throw new Problem(400, "Malformed JSON in request body");
  }
}

/** The text of a body that is JSON by its header, or "". */
async function readBody(c: Context, maxBytes: number): Promise<string> {
  const declared = c.req.header("content-length");
  const length = declared === undefined ? maxBytes : Number(declared);
  if (length > maxBytes) throw tooLarge(maxBytes);
  if (declared === undefined) c.req.raw = limited(c.req.raw, maxBytes);
  const text = await withinTime(PATIENCE_MS + 1000 * length / SLOWEST, c.req.text());
  c.set("body", text);
  if (text !== "" && !JSON_TYPE.test(c.req.header("content-type") ?? "")) {
    throw new Problem(
      415,
      "The body must be JSON, with the header Content-Type: application/json",
    );
  }
  return text;
}

function limited(request: Request, maxBytes: number): Request {
  if (request.body === null) return request;
  let size = 0;
  const counted = request.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > maxBytes) throw tooLarge(maxBytes);
        controller.enqueue(chunk);
      },
    }),
  );
  // Not `new Request(request, …)`: that would read its signal, which Deno warns about.
  return new Request(request.url, {
    method: request.method,
    headers: request.headers,
    body: counted,
  });
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(413, `The body is too large: at most ${maxBytes} bytes are allowed here`);
}

function withinTime(ms: number, reading: Promise<string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const end = bodyDeadlines.begin(ms, () => {
      reject(new Problem(408, `The body did not arrive within ${Math.round(ms / 1000)} seconds`));
    });
    reading.then(resolve, reject).then(end);
  });
}
