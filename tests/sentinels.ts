/** A Redis with a replica, watched by three sentinels of which two have to agree. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { freePort } from "./ports.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

export const MASTER = "mymaster";

/** One sentinel that watches a Redis at a port of this machine. */
export class TestSentinel implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private readonly dir: string,
    private readonly child: Deno.ChildProcess,
  ) {}

  /** @param settings more lines of its configuration; PORT in them is its own */
  static async start(
    masterPort: number,
    settings: string[] = ["port PORT"],
  ): Promise<TestSentinel> {
    const dir = await mkdtemp(`${tmpdir()}/taskapp-sentinel-`);
    const port = freePort();
    const lines = [
      "bind 127.0.0.1",
      `dir ${dir}`,
      ...settings.map((line) => line.replace("PORT", `${port}`)),
      `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${MASTER} 1000`,
      `sentinel failover-timeout ${MASTER} 4000`,
      "",
    ];
    await writeFile(`${dir}/sentinel.conf`, lines.join("\n"));
    const child = new Deno.Command("redis-server", {
      args: [`${dir}/sentinel.conf`, "--sentinel"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new TestSentinel(port, dir, child);
  }

  /** Asks it; answers what `redis-cli` prints. */
  async ask(...words: string[]): Promise<string> {
    const args = ["-p", `${this.port}`, ...words];
    const { stdout } = await new Deno.Command("redis-cli", { args }).output();
    return new TextDecoder().decode(stdout).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.status;
    await rm(this.dir, { recursive: true, force: true });
  }
}

export class TestSentinels implements AsyncDisposable {
  private constructor(
    /** Any of them may be the master. */
    readonly redises: [TestRedis, TestRedis],
    private readonly sentinels: TestSentinel[],
  ) {}

  static async start(): Promise<TestSentinels> {
    const first = await TestRedis.start({ durable: true });
    const replicaOf = [
      "--replicaof",
      "127.0.0.1",
      `${first.port}`,
      "--repl-diskless-sync-delay",
      "0",
    ];
    const second = await TestRedis.start({ durable: true, args: replicaOf });
    await until(async () => (await second.command("INFO")).includes("master_link_status:up"));
    const sentinels = await Promise.all([1, 2, 3].map(() => TestSentinel.start(first.port)));
    const knowsAll = /num-slaves\n1\n[^]*num-other-sentinels\n2\n/;
    await until(async () => {
      const known = await Promise.all(
        sentinels.map((each) => each.ask("SENTINEL", "MASTER", MASTER)),
      );
      return known.every((text) => knowsAll.test(text));
    });
    return new TestSentinels([first, second], sentinels);
  }

  get url(): string {
    const hosts = this.sentinels.map(({ port }) => `127.0.0.1:${port}`);
    return `redis-sentinel://${hosts}/0?master=${MASTER}`;
  }

  /** The one that most sentinels take for the master. */
  async master(): Promise<TestRedis | undefined> {
    const answers = await Promise.all(
      this.sentinels.map((each) => each.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)),
    );
    return this.redises.find(({ port }) =>
      answers.filter((text) => text.endsWith(`\n${port}`)).length >= 2
    );
  }

  /** Has them make the replica the master, though nothing is wrong. */
  async failOver(): Promise<void> {
    const [first] = this.sentinels;
    await until(async () => await first?.ask("SENTINEL", "FAILOVER", MASTER) === "OK");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [...this.sentinels, ...this.redises]) await each[Symbol.asyncDispose]();
  }
}
