/** Reading the JSON body of a request, bounded in size and time. */

import type { Context, MiddlewareHandler } from "hono";
import type { Json } from "../jobs/wire.ts";
import { Deadlines } from "../lib/deadlines.ts";
import { Problem } from "./problem.ts";

/** A body must arrive within this time and a second more for each SLOWEST bytes of its length. */
const PATIENCE_MS = 5000;
const SLOWEST = 128 * 1024;

declare module "hono" {
  interface ContextVariableMap {
    /** Answers the value in the body; set once all of it was read, unless it is empty. */
    body: () => Json;
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
    if (await readText(c, maxBytes) === "") {
      const headers = new Headers(c.req.raw.headers);
      headers.delete("content-type");
      c.req.raw = new Request(c.req.raw.url, { method: c.req.method, headers });
    }
    await next();
  };
}

/**
 * The value in the body; an empty object for an empty one, whatever content type came with it.
 * @param maxBytes what is longer is answered with 413
 * @throws {Problem} 400, 408, 413, 415
 */
export async function readJson(c: Context, maxBytes: number): Promise<Json> {
  const length = lengthOf(c, maxBytes);
  if (length === 0) return {};
  try {
    if (length === undefined) {
      const text = await readText(c, maxBytes);
      return text === "" ? {} : JSON.parse(text);
    }
    // Not the text first, which takes Deno three times as long.
    refuseOtherTypes(c);
    const value: Json = await soon(length, c.req.raw.json());
    c.set("body", () => value);
    return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Of the requests that come over a network Deno does not leave it out, unless it reads their text.
    const isMarked = error.message.includes("\uFEFF");
    const hint = isMarked ? ": it begins with a byte order mark, send it without" : "";
    throw new Problem(400, `Malformed JSON in request body${hint}`);
  }
}

/** The text of a body that is JSON by its header, or "". */
async function readText(c: Context, maxBytes: number): Promise<string> {
  const length = lengthOf(c, maxBytes);
  if (length === undefined) c.req.raw = limited(c.req.raw, maxBytes);
  const text = await withinTime(length ?? maxBytes, c.req.text());
  if (text !== "") {
    refuseOtherTypes(c);
    c.set("body", () => JSON.parse(text));
  }
  return text;
}

/**
 * How many bytes are to come; undefined where the request does not say.
 * @throws {Problem} 413
 */
function lengthOf(c: Context, maxBytes: number): number | undefined {
  const declared = c.req.header("content-length");
  if (declared === undefined) return undefined;
  const length = Number(declared);
  if (length > maxBytes) throw tooLarge(maxBytes);
  return Number.isNaN(length) ? undefined : length; // two headers that agree come as "10, 10"
}

/** @throws {Problem} 415 */
function refuseOtherTypes(c: Context): void {
  if (JSON_TYPE.test(c.req.header("content-type") ?? "")) return;
  throw new Problem(415, "The body must be JSON, with the header Content-Type: application/json");
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

/** The same as `withinTime`, for less where the bytes have come with the headers, as they mostly do. */
async function soon<T>(length: number, reading: Promise<T>): Promise<T> {
  let read: { value: T } | undefined;
  reading.then((value) => read = { value }, () => {});
  await undefined; // what is settled already is told of first
  return read ? read.value : withinTime(length, reading);
}

/** @param length how many bytes are awaited */
function withinTime<T>(length: number, reading: Promise<T>): Promise<T> {
  const ms = PATIENCE_MS + 1000 * length / SLOWEST;
  return new Promise((resolve, reject) => {
    const end = bodyDeadlines.begin(ms, () => {
      reject(new Problem(408, `The body did not arrive within ${Math.round(ms / 1000)} seconds`));
    });
    reading.then(resolve, reject).then(end);
  });
}
