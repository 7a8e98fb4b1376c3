/** Celery, where Debian's packages or pip have installed it. */

import { fileURLToPath } from "node:url";
import { output } from "../command.ts";
import { python } from "./python.ts";

const SCRIPT = fileURLToPath(new URL("celery_bench.py", import.meta.url));
const MODULES = ["celery", "redis"];
const ENV = { PYTHONDONTWRITEBYTECODE: "1", C_FORCE_ROOT: "1" };

export async function celeryMissing(): Promise<string | undefined> {
  if (await python(...MODULES)) return undefined;
  return "Celery is not installed; on Debian: apt-get install python3-celery python3-redis";
}

/** Has it measured; answers what it says. */
export async function runCelery(
  request: Record<string, unknown>,
): Promise<Record<string, number>> {
  const path = await python(...MODULES) ?? "python3";
  return JSON.parse(await output(path, [SCRIPT, JSON.stringify(request)], { env: ENV }));
}

/** Starts a prefork worker that has nothing to do. */
export async function startCeleryWorker(
  port: number,
  concurrency: number,
): Promise<AsyncDisposable & { pid: number }> {
  const args = ["-m", "celery", "-A", "celery_app", "worker", "-c", `${concurrency}`];
  const child = new Deno.Command(await python(...MODULES) ?? "python3", {
    args,
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    env: { ...ENV, BENCH_REDIS_PORT: `${port}` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM"); // it ends its processes
      await child.status;
    },
  };
}
