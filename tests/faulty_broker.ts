/** A broker of which any call may fail, before it takes effect or after. */

import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";

export type Fault = "none" | "before" | "after";

/** What a worker calls. `attend` is not among them: it has no effect where it fails. */
const METHODS = ["claim", "report", "settle", "heartbeat", "leave", "reap", "promote"] as const;
type Method = typeof METHODS[number];

/**
 * @param nextFault says what befalls the next call
 * @param methods those that may fail
 * @returns the broker as a worker may find it, and which calls failed how
 */
export function faulty(
  broker: Broker,
  nextFault: () => Fault,
  methods: readonly Method[] = METHODS,
): { broker: Broker; log: string[] } {
  const log: string[] = [];
  const wrap = (name: Method) => async (...args: unknown[]) => {
    const call = broker[name] as (...args: unknown[]) => Promise<unknown>;
    const fault = nextFault();
    if (fault !== "none") log.push(`${name} ${fault}`);
    if (fault === "before") throw new BrokerUnavailableError(`${name} was not heard`);
    const answer = await call.apply(broker, args);
    if (fault === "after") throw new BrokerUnavailableError(`${name} was not answered`);
    return answer;
  };
  const wrapped = Object.fromEntries(methods.map((name) => [name, wrap(name)]));
  const faultyBroker = new Proxy(broker, {
    get(target, property) {
      const method = wrapped[String(property)];
      if (method) return method;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { broker: faultyBroker, log };
}
