/** `taskapp dev`: server and worker in one process, on a database file: nothing to install. */

import { resolve } from "node:path";
import { connectBroker } from "../jobs/connect.ts";
import { configureLog } from "../lib/log.ts";
import { canStart } from "./can_start.ts";
import type { Io } from "./io.ts";
import { checkHost, listen, type ServeOptions } from "./serve.ts";
import {
  brokerOptions,
  checkSchedules,
  createWorker,
  obeySignals,
  type WorkOptions,
} from "./work.ts";

export type DevOptions = Omit<ServeOptions, "auth"> & WorkOptions;

export async function dev(options: DevOptions, io: Io): Promise<number> {
  checkHost({ host: options.host });
  configureLog(options.loglevel);
  await checkSchedules();
  const broker = connectBroker(options.broker, brokerOptions(options));
  let stopListening = () => {};
  try {
    const { worker, introduce } = createWorker(broker, options);
    // Ctrl-Z (TSTP) pauses it, as a developer expects.
    stopListening = obeySignals(worker, { TSTP: false });
    if (!await canStart(broker)) return 0;
    const server = listen(broker, { ...options, auth: true });
    introduce(io);
    io.out(`taskapp dev serves ${server.url}\n${whereTheDataIs(broker.location)}\n`);
    await worker.run();
    await server.close();
  } finally {
    stopListening();
    await broker.close();
  }
  return 0;
}

function whereTheDataIs(location: string): string {
  const elsewhere = "to work with a Redis: --broker redis://HOST:6379";
  if (location === "sqlite::memory:") return `Tasks are kept until this ends; ${elsewhere}`;
  if (location.startsWith("sqlite:")) {
    return `Tasks are kept in ${resolve(location.slice("sqlite:".length))}; ${elsewhere}`;
  }
  return `Tasks are kept in ${location}`;
}
