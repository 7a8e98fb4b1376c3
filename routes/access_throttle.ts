/** Slows down who tries passwords. */

import { isIP } from "node:net";

const WINDOW_MS = 5 * 60_000;
/** Failed logins that are let through in this time: of a user from an address, */
const MAX_OF_BOTH = 5;
/** from an address, */
const MAX_OF_ADDRESS = 30;
/** and of a user. More than of one address, so that one stranger alone keeps no user out. */
const MAX_OF_USER = 50;
/** Of a name no more is looked at. */
const MAX_NAME = 65;
/** More is not remembered: the oldest goes. */
const MAX_KEPT = 20_000;

interface Attempts {
  count: number;
  until: number;
}

export class Throttle {
  readonly #attempts = new Map<string, Attempts>();

  /**
   * Counts an attempt as failed until it is `forgiven`, so that many at once are not let through.
   * @returns milliseconds to wait, and then it was not counted; 0 to go on
   */
  attempt(user: string, address: string | null, now = Date.now()): number {
    const keys = keysOf(user, address);
    const waits = keys.map(([key, max]) => {
      const { count, until } = this.#present(key, now);
      return count >= max ? until - now : 0;
    });
    const wait = Math.max(...waits);
    if (wait > 0) return wait;
    for (const [key] of keys) {
      const { count, until } = this.#present(key, now);
      this.#attempts.delete(key);
      this.#attempts.set(key, { count: count + 1, until });
    }
    for (const oldest of this.#attempts.keys()) {
      if (this.#attempts.size <= MAX_KEPT) break;
      this.#attempts.delete(oldest);
    }
    return 0;
  }

  /**
   * The attempt was none: it was the right password, or was not looked at. Nothing is kept of it, for who
   * makes many of them would push out what is known of others.
   */
  forgive(user: string, address: string | null): void {
    for (const [key] of keysOf(user, address)) {
      const attempts = this.#attempts.get(key);
      if (attempts && --attempts.count <= 0) this.#attempts.delete(key);
    }
  }

  #present(key: string, now: number): Attempts {
    const attempts = this.#attempts.get(key);
    return attempts && attempts.until > now ? attempts : { count: 0, until: now + WINDOW_MS };
  }
}

/** Who has one IPv6 address mostly has all of its /64. */
function networkOf(address: string | null): string | null {
  if (address === null || isIP(address) !== 6) return address;
  const [start = "", end = ""] = address.toLowerCase().split("::");
  const [before, after] = [start.split(":").filter(Boolean), end.split(":").filter(Boolean)];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  return [...before, ...zeros, ...after].slice(0, 4).join(":");
}

function keysOf(user: string, address: string | null): [key: string, max: number][] {
  const network = networkOf(address);
  const name = user.slice(0, MAX_NAME); // no user has a longer one, and headers can hold very long ones
  return [
    [`both ${network} ${name}`, MAX_OF_BOTH],
    [`address ${network}`, MAX_OF_ADDRESS],
    [`user ${name}`, MAX_OF_USER],
  ];
}
