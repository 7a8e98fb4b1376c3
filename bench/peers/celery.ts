/** Celery, where Debian's packages or pip have installed it. */

import { fileURLToPath } from "node:url";
import { output } from "../command.ts";
import { python } from "./python.ts";

const SCRIPT = fileURLToPath(new URL("celery_bench.py", import.meta.url));
const MODULES = ["celery", "redis"];

export async function celeryMissing(): Promise<string | undefined> {
  if (await python(...MODULES)) return undefined;
  return "Celery is not installed; on Debian: apt-get install python3-celery python3-redis";
}

/** Has it measured; answers what it says. */
export async function runCelery(
  request: Record<string, unknown>,
): Promise<Record<string, number>> {
  const path = await python(...MODULES) ?? "python3";
  const env = { PYTHONDONTWRITEBYTECODE: "1", C_FORCE_ROOT: "1" };
  return JSON.parse(await output(path, [SCRIPT, JSON.stringify(request)], { env }));
}
