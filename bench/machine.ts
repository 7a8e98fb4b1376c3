/** What was measured with what: the machine, and the versions of all that takes part. */

import { cpus, release, totalmem, type } from "node:os";
import { Program } from "../tests/program.ts";
import { output, tryOutput } from "./command.ts";
import { NODE_PACKAGES } from "./peers/node.ts";
import { python } from "./peers/python.ts";

export interface Machine {
  cpu: string;
  cores: number;
  memoryGib: number;
  kernel: string;
  /** By name; absent is what is not installed. */
  versions: Record<string, string>;
}

/** Programs that say their version: the first match of the pattern counts. */
const PROGRAMS: { name: string; program: string; args: string[]; pattern: RegExp }[] = [
  { name: "Redis", program: "redis-server", args: ["--version"], pattern: /v=(\S+)/ },
  { name: "Node", program: "node", args: ["--version"], pattern: /^v(\S+)/ },
  { name: "wrk", program: "wrk", args: ["--version"], pattern: /wrk \S*?([\d.]+)/ },
];

const PYTHON_PACKAGES = {
  Celery: "celery",
  "redis-py": "redis",
  FastAPI: "fastapi",
  uvicorn: "uvicorn",
};

export async function machine(): Promise<Machine> {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30 * 10) / 10,
    kernel: `${type()} ${release()}`,
    versions: await versions(),
  };
}

async function versions(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const { stdout } = await Program.output(["--version"], {});
  found["taskapp"] = stdout.trim().replace(/^taskapp /, "");
  found["Deno"] = Deno.version.deno;
  for (const { name, program, args, pattern } of PROGRAMS) {
    const said = await tryOutput(program, args);
    const version = said && pattern.exec(said)?.[1];
    if (version) found[name] = version;
  }
  if (found["Node"]) Object.assign(found, NODE_PACKAGES);
  for (const [name, module] of Object.entries(PYTHON_PACKAGES)) {
    const path = await python(module);
    if (path === undefined) continue;
    found["Python"] = (await output(path, ["--version"])).replace("Python ", "");
    found[name] = await output(path, ["-c", `import ${module}; print(${module}.__version__)`]);
  }
  return found;
}
