import type { Broker, BrokerOptions } from "../jobs/broker.ts";
import {
  ArgumentsTooLargeError,
  InvalidArgumentsError,
  UnknownQueueError,
  UnknownTaskError,
} from "../jobs/errors.ts";
import { InvalidScheduleError } from "../jobs/schedule.ts";
import { ScheduleConflictError, UnknownScheduleError } from "../jobs/schedule_control.ts";
import { UnknownWorkerError } from "../jobs/worker_control.ts";
import { configureLog } from "../lib/log.ts";
import { UsageError } from "./io.ts";

/**
 * Does something that ends soon with a broker.
 * @throws {UsageError} for what jobs/ says is a mistake of the caller's
 */
export async function withBroker<T>(
  options: { broker: string } & Partial<BrokerOptions>,
  act: (broker: Broker) => Promise<T>,
): Promise<T> {
  configureLog("error"); // an error of the broker's is said once, by the command itself
  const { connectBroker } = await import("../jobs/connect.ts");
  const broker = connectBroker(options.broker, options);
  try {
    return await act(broker);
  } catch (error) {
    throw asUsageError(error);
  } finally {
    await broker.close();
  }
}

/** The error to throw instead of one that the user can avoid. */
export function asUsageError(error: unknown): unknown {
  const usage = error instanceof UnknownTaskError || error instanceof UnknownQueueError ||
    error instanceof InvalidArgumentsError || error instanceof ArgumentsTooLargeError ||
    error instanceof InvalidScheduleError || error instanceof UnknownScheduleError ||
    error instanceof UnknownWorkerError ||
    error instanceof ScheduleConflictError || error instanceof RangeError;
  return usage ? new UsageError(error.message) : error;
}
