/** Telling a worker from outside what to do, for HTTP and the command line. */

import type { Broker } from "./broker.ts";
import { refusal } from "./worker_commands.ts";
import type { WorkerCommand, WorkerInfo } from "./wire.ts";

/** No worker of this name is alive. */
export class UnknownWorkerError extends Error {
  override name = "UnknownWorkerError";

  constructor(readonly worker: string, readonly known: string[]) {
    const others = known.length > 0 ? `there are ${known.join(", ")}` : "there is none at all";
    super(`No living worker is named "${worker}"; ${others}`);
  }
}

/** A worker cannot do what it is to be told. */
export class CommandRefusedError extends Error {
  override name = "CommandRefusedError";
}

/** @throws {UnknownWorkerError} */
export async function getWorker(
  broker: Pick<Broker, "workers">,
  name: string,
): Promise<WorkerInfo> {
  const workers = await broker.workers();
  const worker = workers.find((each) => each.name === name);
  if (!worker) throw new UnknownWorkerError(name, workers.map((each) => each.name));
  return worker;
}

/**
 * Tells a worker to do something. What becomes of it is its `last_command` soon.
 * @returns the command's id
 * @throws {UnknownWorkerError}
 * @throws {CommandRefusedError} it cannot do that, as far as its last heartbeat tells
 */
export async function tellWorker(
  broker: Pick<Broker, "workers" | "commands">,
  name: string,
  command: WorkerCommand,
): Promise<string> {
  const refused = refusal(await getWorker(broker, name), command);
  if (refused !== null) throw new CommandRefusedError(`${name}: ${refused}`);
  const id = crypto.randomUUID();
  if (!await broker.commands.send(name, { ...command, id })) throw new UnknownWorkerError(name, []);
  return id;
}
