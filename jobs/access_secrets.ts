/** Passwords and tokens: how they are made, stored and compared. Only hashes of them are kept. */

import { Buffer } from "node:buffer";
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Costs about 32 MiB and a tenth of a second. */
const COST = 2 ** 15;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** 128 · N · r bytes are needed, and a little more. */
const MAX_MEMORY = 64 * 1024 * 1024;
const HASH = /^\$scrypt\$ln=15,r=8,p=1\$([\w-]{22})\$([\w-]{43})$/;
/** What a password is compared with where there is no such user, so that it takes as long. */
const NOBODY = `$scrypt$ln=15,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

/** Hashes that are computed at once, so that logins cannot take all memory and all cores; */
const MAX_AT_ONCE = 2;
/** and so many more may wait for their turn. */
const MAX_WAITING = 20;

export const PASSWORD_RULE = "must have from 8 to 256 characters, none of them a control character";

/** Whether text can be a password. */
export function isPassword(text: string): boolean {
  return text.length >= 8 && text.length <= 256 && !/\p{Cc}/u.test(text);
}

/** Too many passwords are being checked. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** A hash of a password, with its salt and its cost, in the format of PHC strings. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt);
  return `$scrypt$ln=15,r=8,p=1$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/** Whether text is a hash that `hashPassword` could have made. */
export function isPasswordHash(text: string): boolean {
  return HASH.test(text);
}

/**
 * Whether this is the password that a hash was made of. Without a hash it takes as long.
 * @throws {BusyError} too many others are being checked
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, salt = "", key = ""] = HASH.exec(hash ?? NOBODY) ?? HASH.exec(NOBODY) ?? [];
  const derived = await derive(password, Buffer.from(salt, "base64url"));
  return timingSafeEqual(derived, Buffer.from(key, "base64url")) && hash !== undefined;
}

/** A new token: `tap_` and 32 random bytes. */
export function newToken(): string {
  return `tap_${randomBytes(32).toString("base64url")}`;
}

/** Whether text looks like a token. */
export function isToken(text: string): boolean {
  return /^tap_[\w-]{43}$/.test(text);
}

/** The hash of a token. It is as random as one can be, so it needs no salt and no cost. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Whether text is a hash that `hashToken` could have made. */
export function isTokenHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Uint8Array): Promise<Buffer> {
  if (waiting.length >= MAX_WAITING) throw new BusyError("Too many passwords are being checked");
  if (running < MAX_AT_ONCE) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    // Unicode has several ways to write the same letters; keyboards differ in which they type.
    const options = { N: COST, r: 8, p: 1, maxmem: MAX_MEMORY };
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
    return await promise;
  } finally {
    const next = waiting.shift();
    if (next) next(); // it takes our place
    else running--;
  }
}
