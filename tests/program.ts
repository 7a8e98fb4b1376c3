/**
 * A command of the program, run as a process of its own: from source with the permissions that it
 * gives itself, or the executable that TASKAPP_EXECUTABLE names.
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Path of the executable to test instead of the sources. */
export const EXECUTABLE = Deno.env.get("TASKAPP_EXECUTABLE");

const RUN = config.tasks.taskapp.command.split(" ");

/** What to run before the arguments of a command. Benchmarks name their executable after their start. */
function runnable(): [file: string, ...flags: string[]] {
  const executable = Deno.env.get("TASKAPP_EXECUTABLE");
  if (executable !== undefined) return [resolve(executable)];
  return [Deno.execPath(), ...RUN.slice(1, -1), `--allow-read=${ROOT}`, `${ROOT}main.ts`];
}

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

export class Program implements AsyncDisposable {
  #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Starts it; what it prints goes nowhere, unless TEST_VERBOSE is set. */
  static start(args: string[], env: Record<string, string>, cwd = ROOT): Program {
    const output = Deno.env.has("TEST_VERBOSE") ? "inherit" : "null";
    return new Program(command(args, env, cwd, output).spawn());
  }

  /** Starts it for `stop`, which answers what it printed: little enough for the pipe to hold. */
  static startPiped(args: string[], env: Record<string, string>, cwd = ROOT): Program {
    return new Program(command(args, env, cwd, "piped").spawn());
  }

  /** Runs it to its end. */
  static async output(
    args: string[],
    env: Record<string, string>,
    cwd = ROOT,
  ): Promise<Output> {
    return decode(await command(args, env, cwd, "piped").output());
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its exit code, once it has ended. */
  get ended(): Promise<number> {
    return this.#child.status.then(({ code }) => code);
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end; answers the exit code. */
  async kill(signal: Deno.Signal): Promise<number> {
    this.#child.kill(signal);
    return (await this.#child.status).code;
  }

  /** What a piped one has printed, once it has ended. */
  async printed(): Promise<Output> {
    return decode(await this.#child.output());
  }

  /** Ends a piped one. */
  async stop(): Promise<Output> {
    this.#child.kill("SIGTERM");
    return decode(await this.#child.output());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
  }
}

function decode({ code, stdout, stderr }: Deno.CommandOutput): Output {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function command(
  args: string[],
  env: Record<string, string>,
  cwd: string,
  output: "inherit" | "piped" | "null",
): Deno.Command {
  const [file, ...flags] = runnable();
  return new Deno.Command(file, {
    args: [...flags, ...args],
    env,
    cwd,
    stdin: "null",
    stdout: output,
    stderr: output,
  });
}
