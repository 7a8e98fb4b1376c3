/** `taskapp dev`: server and worker in one process, on a Redis of their own unless one is named. */

import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBroker } from "../jobs/connect.ts";
import { configureLog } from "../lib/log.ts";
import { onStopSignal } from "../lib/signals.ts";
import { type Io, UsageError } from "./io.ts";
import { checkHost, listen, type ServeOptions } from "./serve.ts";
import { createWorker, type WorkOptions } from "./work.ts";

const START_TIMEOUT_MS = 5000;

/** Without a broker URL a private Redis is started. */
export type DevOptions =
  & Omit<ServeOptions, "broker" | "auth">
  & Omit<WorkOptions, "broker">
  & { broker?: string };

export async function dev(options: DevOptions, io: Io): Promise<number> {
  checkHost({ host: options.host, auth: true });
  configureLog(options.loglevel);
  await using redis = options.broker === undefined ? PrivateRedis.start() : null;
  await redis?.listening();
  const url = options.broker ?? redis?.url ?? "";
  const broker = connectBroker(url, options);
  try {
    const all = { ...options, broker: url, auth: true };
    const server = listen(broker, all);
    const worker = createWorker(broker, all, io);
    const stopListening = onStopSignal(() => worker.stop());
    const where = redis ? `${broker.location}, which lives and ends with it` : broker.location;
    io.out(`taskapp dev serves ${server.url} and works on ${where}\n`);
    await worker.run();
    await server.close();
    stopListening();
  } finally {
    await broker.close();
  }
  return 0;
}

/** A redis-server from the PATH, on a free port; it writes nothing to disk. */
class PrivateRedis implements AsyncDisposable {
  private constructor(private readonly port: number, private readonly child: Deno.ChildProcess) {}

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** @throws {UsageError} there is none on the PATH */
  static start(): PrivateRedis {
    const port = freePort();
    const nothingOnDisk = ["--dir", tmpdir(), "--dbfilename", "", "--save", ""];
    const args = ["--port", `${port}`, "--bind", "127.0.0.1", ...nothingOnDisk];
    try {
      // A process group of its own: Ctrl-C is for us, who need it until all is handed over.
      const options = { args, stdin: "null", stdout: "null", detached: true } as const;
      return new PrivateRedis(port, new Deno.Command("redis-server", options).spawn());
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new UsageError(
        "dev needs redis-server on the PATH (Debian: apt-get install redis-server), " +
          "or a running Redis named by --broker",
      );
    }
  }

  /** @throws {UsageError} it does not start */
  async listening(): Promise<void> {
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch {
        await sleep(20);
      }
    }
    throw new UsageError(`redis-server did not start within ${START_TIMEOUT_MS / 1000} s`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.status;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
