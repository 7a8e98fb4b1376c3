/** From a broker URL to a broker. */

import type { Broker } from "./broker.ts";
import { RedisBroker, type RedisBrokerOptions } from "./redis/broker.ts";

export type BrokerOptions = RedisBrokerOptions;

/** Celery keeps results for a day; an hour bounds the memory of a busy queue. */
export const DEFAULT_RESULT_EXPIRES = 3600;
/** Five missed heartbeats. */
const DEFAULT_LEASE_MS = 10_000;

/**
 * Makes a broker for `redis://` or `rediss://`. It connects in the background and keeps trying, so
 * that a program can start before its broker does.
 * @throws {TypeError} another kind of URL
 */
export function connectBroker(url: string, options: Partial<BrokerOptions> = {}): Broker {
  if (!/^rediss?:\/\//.test(url)) {
    throw new TypeError(`Broker "${url}" is not a redis:// or rediss:// URL`);
  }
  return new RedisBroker(url, {
    resultExpires: options.resultExpires ?? DEFAULT_RESULT_EXPIRES,
    leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS,
  });
}
