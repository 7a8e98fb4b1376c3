/** Where a request comes from, also through a proxy. */

import { BlockList, isIP } from "node:net";
import type { Context } from "hono";

/** An address, or a range of them such as 10.0.0.0/8. */
const RANGE = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i;

/** Believed unless it is said otherwise: a proxy on the same machine. */
export const TRUSTED_PROXIES = ["127.0.0.0/8", "::1"];

export class Clients {
  readonly #proxies = new BlockList();

  /**
   * @param proxies addresses and ranges whose X-Forwarded-For and X-Forwarded-Proto are believed
   * @throws {RangeError} one of them is neither
   */
  constructor(proxies: string[]) {
    for (const proxy of proxies) {
      const [, address = "", bits] = RANGE.exec(proxy) ?? [];
      const version = isIP(address);
      const size = version === 6 ? 128 : 32;
      if (version === 0 || Number(bits ?? 0) > size) {
        throw new RangeError(`"${proxy}" is no address, nor a range such as 10.0.0.0/8`);
      }
      this.#proxies.addSubnet(address, Number(bits ?? size), version === 6 ? "ipv6" : "ipv4");
    }
  }

  /** The address of the client; null where it is not known. */
  address(c: Context): string | null {
    let address = peer(c);
    // Each proxy adds the address that it was asked from at the end: only what ours added is true.
    const hops = c.req.header("x-forwarded-for")?.split(",").map((hop) => bare(hop.trim())) ?? [];
    while (address !== null && this.#isProxy(address)) {
      const before = hops.pop();
      if (before === undefined || isIP(before) === 0) break;
      address = before;
    }
    return address;
  }

  /** Whether the client's connection is encrypted, at least up to a proxy of ours. */
  isHttps(c: Context): boolean {
    if (c.req.url.startsWith("https:")) return true;
    const address = peer(c);
    return address !== null && this.#isProxy(address) &&
      c.req.header("x-forwarded-proto")?.split(",").at(-1)?.trim() === "https";
  }

  #isProxy(address: string): boolean {
    return this.#proxies.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  }
}

function peer(c: Context): string | null {
  // What Deno.serve tells of a connection; a request made in a test has none.
  const info = c.env as Partial<Deno.ServeHandlerInfo<Deno.NetAddr>> | undefined;
  const address = info?.remoteAddr?.hostname;
  return address === undefined ? null : bare(address);
}

/** Without a port, the brackets of IPv6, and the prefix of an IPv4 address in IPv6. */
function bare(address: string): string {
  const inner = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ??
    /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
  return /^::ffff:([\d.]+)$/i.exec(inner)?.[1] ?? inner;
}
