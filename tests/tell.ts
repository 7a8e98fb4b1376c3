import type { Broker } from "../jobs/broker.ts";
import type { CommandOutcome, WorkerCommand, WorkerInfo } from "../jobs/wire.ts";
import { assertExists } from "@std/assert";
import { until } from "./until.ts";

/** What a worker says of itself now; the first that there is without a name. */
export async function workerInfo(broker: Broker, name?: string): Promise<WorkerInfo> {
  const workers = await broker.workers();
  const worker = workers.find((each) => name === undefined || each.name === name);
  assertExists(worker);
  return worker;
}

/** Tells a worker to do something, and waits for what it says of it. */
export async function tell(
  broker: Broker,
  worker: string,
  command: WorkerCommand,
): Promise<CommandOutcome> {
  const id = crypto.randomUUID();
  await until(() => broker.commands.send(worker, { id, ...command })); // once it has signed on
  let outcome: CommandOutcome | null | undefined;
  await until(async () => {
    const workers = await broker.workers();
    outcome = workers.find(({ name }) => name === worker)?.last_command;
    return outcome?.id === id;
  });
  assertExists(outcome);
  return outcome;
}
