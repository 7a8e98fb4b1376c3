/** A Redis of one's own for a test file: a free port, nothing on disk unless asked for. */

import { connect } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

export class TestRedis implements AsyncDisposable {
  #child: Deno.ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly dir: string,
    private readonly args: string[],
  ) {}

  /**
   * Starts a server.
   * @param options.durable keep an append-only file, so that `up` after `down` brings the data back
   * @param options.args more of the command line
   */
  static async start(options: { durable?: boolean; args?: string[] } = {}): Promise<TestRedis> {
    const dir = await mkdtemp(`${tmpdir()}/taskapp-redis-`);
    const args = options.durable ? ["--appendonly", "yes", "--appendfsync", "always"] : [];
    const redis = new TestRedis(freePort(), dir, [...args, ...options.args ?? []]);
    await redis.up();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async up(): Promise<void> {
    this.#child = new Deno.Command("redis-server", {
      args: [
        "--port",
        `${this.port}`,
        "--bind",
        "127.0.0.1",
        "--dir",
        this.dir,
        "--save",
        "",
        ...this.args,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended = false;
    this.#child.status.then(() => ended = true);
    for (let attempt = 0; attempt < 1200 && !ended; attempt++) {
      if (await answers(this.port) && !ended) return;
      await sleep(25);
    }
    throw new Error(`redis-server did not answer on port ${this.port}`);
  }

  /** Sends one command on a connection of its own; answers what `redis-cli` prints. */
  async command(...words: string[]): Promise<string> {
    const { success, stdout } = await new Deno.Command("redis-cli", {
      args: ["-p", `${this.port}`, ...words],
    })
      .output();
    const answer = new TextDecoder().decode(stdout).trim();
    if (!success || /^(ERR|NO[A-Z]+|OOM|READONLY) /.test(answer)) {
      throw new Error(`redis-cli ${words.join(" ")} failed: ${answer}`);
    }
    return answer;
  }

  /** Stops the server's process, which keeps its connections and answers nothing, and has it go on. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Stops the server at once, as a crash would. */
  async down(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.status;
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await rm(this.dir, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString().startsWith("+PONG"));
    });
    socket.once("error", () => resolve(false));
  });
}
