/** From a broker URL to a broker. */

import {
  type Broker,
  type BrokerOptions,
  DEFAULT_DEAD_EXPIRES,
  DEFAULT_LEASE_MS,
  DEFAULT_RESULT_EXPIRES,
} from "./broker.ts";
import { RedisBroker } from "./redis/broker.ts";
import { isRedisUrl } from "./redis/url.ts";
import { SqliteBroker } from "./sqlite/broker.ts";

/**
 * Makes a broker for `redis://`, `rediss://`, `redis-sentinel://`, `sqlite:FILE` or `sqlite::memory:`.
 * One for Redis connects in the background and keeps trying, so that a program can start before its
 * Redis does.
 * @throws {TypeError} another kind of URL, or a wrong one
 * @throws {BrokerRefusedError} the file cannot be opened, or is none of ours; or one for TLS is wrong
 */
export function connectBroker(url: string, options: Partial<BrokerOptions> = {}): Broker {
  const all = {
    resultExpires: options.resultExpires ?? DEFAULT_RESULT_EXPIRES,
    deadExpires: options.deadExpires ?? DEFAULT_DEAD_EXPIRES,
    leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS,
  };
  if (isRedisUrl(url)) return new RedisBroker(url, all);
  if (url.startsWith("sqlite:")) return new SqliteBroker(url.slice("sqlite:".length), all);
  throw new TypeError(
    `Broker "${url}" is not a redis://, rediss://, redis-sentinel:// or sqlite: URL`,
  );
}
