/** Servers to measure: started, and answering. */

import { freePort } from "../tests/ports.ts";
import { Program } from "../tests/program.ts";
import { until } from "../tests/until.ts";

export interface Server extends AsyncDisposable {
  /** On 127.0.0.1. */
  port: number;
  pid: number;
}

/** `taskapp serve` on a broker. */
export function startServe(broker: string): Promise<Server> {
  return startServer((port) =>
    Program.start(["serve", "--port", `${port}`], {
      TASKAPP_BROKER: broker,
      TASKAPP_LOGLEVEL: "error",
    })
  );
}

/** @param start starts a program that listens on this port and answers `/healthz` */
export async function startServer(
  start: (port: number) => AsyncDisposable & { pid: number },
): Promise<Server> {
  const port = freePort();
  const program = start(port);
  try {
    await until(() => answers(port), 30_000);
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
  return { port, pid: program.pid, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
