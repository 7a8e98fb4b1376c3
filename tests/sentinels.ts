/** A Redis with a replica, watched by three sentinels of which two have to agree. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { freePort, TestRedis } from "./redis.ts";
import { until } from "./until.ts";

const MASTER = "mymaster";

export class TestSentinels implements AsyncDisposable {
  private constructor(
    /** Any of them may be the master. */
    readonly redises: [TestRedis, TestRedis],
    private readonly ports: number[],
    private readonly children: Deno.ChildProcess[],
    private readonly dir: string,
  ) {}

  static async start(): Promise<TestSentinels> {
    const first = await TestRedis.start({ durable: true });
    const replicaOf = ["--replicaof", `127.0.0.1 ${first.port}`, "--repl-diskless-sync-delay", "0"];
    const second = await TestRedis.start({ durable: true, args: replicaOf });
    await until(async () => (await second.command("INFO")).includes("master_link_status:up"));
    const dir = await mkdtemp(`${tmpdir()}/taskapp-sentinel-`);
    const ports = [freePort(), freePort(), freePort()];
    const children = await Promise.all(ports.map(async (port) => {
      const file = `${dir}/${port}.conf`;
      await writeFile(
        file,
        [
          `port ${port}`,
          "bind 127.0.0.1",
          `dir ${dir}`,
          `sentinel monitor ${MASTER} 127.0.0.1 ${first.port} 2`,
          `sentinel down-after-milliseconds ${MASTER} 1000`,
          `sentinel failover-timeout ${MASTER} 4000`,
          "",
        ].join("\n"),
      );
      return new Deno.Command("redis-server", {
        args: [file, "--sentinel"],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
    }));
    const sentinels = new TestSentinels([first, second], ports, children, dir);
    await until(async () => {
      const known = await Promise.all(ports.map((port) => sentinels.info(port)));
      return known.every((text) =>
        /num-slaves\n1\n/.test(text) && /num-other-sentinels\n2\n/.test(text)
      );
    }, 30_000);
    return sentinels;
  }

  url(parameters = `master=${MASTER}`): string {
    return `redis-sentinel://${
      this.ports.map((port) => `127.0.0.1:${port}`).join()
    }/0?${parameters}`;
  }

  /** The one that most sentinels take for the master. */
  async master(): Promise<TestRedis | undefined> {
    const answers = await Promise.all(
      this.ports.map((port) => ask(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)),
    );
    return this.redises.find(({ port }) =>
      answers.filter((text) => text.endsWith(`\n${port}`)).length >= 2
    );
  }

  /** Has them make the replica the master, though nothing is wrong. */
  async failOver(): Promise<void> {
    await until(async () => (await ask(this.ports[0], "SENTINEL", "FAILOVER", MASTER)) === "OK");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.children) {
      child.kill("SIGKILL");
      await child.status;
    }
    for (const redis of this.redises) await redis[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }

  private info(port: number): Promise<string> {
    return ask(port, "SENTINEL", "MASTER", MASTER);
  }
}

async function ask(port = 0, ...words: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("redis-cli", { args: ["-p", `${port}`, ...words] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}
