/** Text that only a server of ours can have made: sessions in cookies, and tickets. */

import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

/** What it is for, so that one is never taken for the other. */
export type Purpose = "session" | "ticket";

/** Signs a value. It is not encrypted. */
export function seal(purpose: Purpose, value: unknown, secret: string): string {
  const body = Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${body}.${sign(purpose, body, secret)}`;
}

/** The value that was signed; undefined if it was not by us, for this. */
export function unseal(purpose: Purpose, sealed: string, secret: string): unknown {
  const [body = "", signature = "", ...more] = sealed.split(".");
  // As text: other texts stand for the same bytes, and would make a second ticket of one that was used.
  const given = Buffer.from(signature);
  const right = Buffer.from(sign(purpose, body, secret));
  if (more.length > 0 || given.length !== right.length || !timingSafeEqual(given, right)) {
    return undefined;
  }
  return JSON.parse(Buffer.from(body, "base64url").toString());
}

function sign(purpose: Purpose, body: string, secret: string): string {
  return createHmac("sha256", secret).update(`${purpose}.${body}`).digest("base64url");
}
