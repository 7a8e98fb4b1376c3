/** A command of the program, run as a process of its own. */

const MAIN = new URL("../main.ts", import.meta.url).pathname;

export class Program implements AsyncDisposable {
  #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Starts it; what it prints goes nowhere, unless TEST_VERBOSE is set. */
  static start(args: string[], env: Record<string, string>): Program {
    const output = Deno.env.has("TEST_VERBOSE") ? "inherit" : "null";
    return new Program(command(args, env, output).spawn());
  }

  /** Runs it to its end. */
  static async output(
    args: string[],
    env: Record<string, string>,
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await command(args, env, "piped").output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end; answers the exit code. */
  async kill(signal: Deno.Signal): Promise<number> {
    this.#child.kill(signal);
    return (await this.#child.status).code;
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

function command(
  args: string[],
  env: Record<string, string>,
  output: "inherit" | "piped" | "null",
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    env,
    stdin: "null",
    stdout: output,
    stderr: output,
  });
}
