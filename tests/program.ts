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
    return new Program(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", MAIN, ...args],
        env,
        stdin: "null",
        stdout: output,
        stderr: output,
      }).spawn(),
    );
  }

  async kill(signal: Deno.Signal): Promise<void> {
    this.#child.kill(signal);
    await this.#child.status;
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
