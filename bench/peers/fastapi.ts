/** FastAPI with Celery, where Debian's packages or pip have installed them. */

import { fileURLToPath } from "node:url";
import { type Server, startServer } from "../serving.ts";
import { python } from "./python.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** With what `uvicorn[standard]` brings, which makes it faster. */
const MODULES = ["fastapi", "celery", "redis", "uvicorn", "uvloop", "httptools", "websockets"];
const PACKAGES = MODULES.map((name) => `python3-${name}`).join(" ");

export async function fastapiMissing(): Promise<string | undefined> {
  if (await python(...MODULES, "gunicorn")) return undefined;
  return `FastAPI is not installed with all that makes it fast; on Debian: ` +
    `apt-get install ${PACKAGES} gunicorn`;
}

/**
 * Starts fastapi_app.py: one process with uvicorn, as FastAPI's guide does. Several have gunicorn before
 * them, because those of `uvicorn --workers` were slower.
 */
export async function startFastapi(redis: string, processes = 1): Promise<Server> {
  const path = await python(...MODULES) ?? "python3";
  const env = { BENCH_REDIS: redis, PYTHONDONTWRITEBYTECODE: "1" };
  return await startServer((port) => {
    const command = processes === 1
      ? ["uvicorn", "--port", `${port}`, "--no-access-log"]
      : ["gunicorn", "-b", `127.0.0.1:${port}`, "-w", `${processes}`, "-k", GUNICORN_CLASS];
    const args = ["-m", ...command, "--log-level", "error", "fastapi_app:app"];
    const child = new Deno.Command(path, {
      ...{ args, env, cwd: HERE, stdin: "null", stdout: "null", stderr: "null" },
    }).spawn();
    return {
      pid: child.pid,
      async [Symbol.asyncDispose]() {
        // Neither waits for open sockets then; gunicorn would leave its processes at a SIGKILL.
        child.kill(processes === 1 ? "SIGKILL" : "SIGQUIT");
        await child.status;
      },
    };
  });
}

const GUNICORN_CLASS = "uvicorn.workers.UvicornWorker";
