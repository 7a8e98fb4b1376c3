import { type Broker, BrokerUnavailableError } from "../jobs/broker.ts";
import { onStopSignal } from "../lib/signals.ts";

/**
 * Asks the broker whether it can be used at all, before a command starts what needs it.
 * @returns false where TERM or INT came first. A broker that is away may come later.
 * @throws {BrokerRefusedError}
 */
export async function canStart(broker: Broker): Promise<boolean> {
  const stopped = Promise.withResolvers<boolean>();
  const stopListening = onStopSignal(() => stopped.resolve(false));
  try {
    return await Promise.race([stopped.promise, broker.ping().then(() => true)]);
  } catch (error) {
    if (!(error instanceof BrokerUnavailableError)) throw error;
    return true;
  } finally {
    stopListening();
  }
}
