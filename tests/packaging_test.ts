import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { freePort, TestRedis } from "./redis.ts";
import { until } from "./until.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

Deno.test("the executable works in an empty directory, without Deno or the sources", async (t) => {
  await using built = await Executable.build();

  await t.step("several can be started for the first time at once", async () => {
    const runs = await Promise.all([1, 2, 3].map(() => built.output(["--version"])));
    for (const { code, stdout, stderr } of runs) {
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, new RegExp(`^taskapp ${RegExp.escape(config.version)} \\(`));
    }
  });

  await t.step("it explains itself", async () => {
    const { code, stdout } = await built.output(["--help"]);
    assertEquals(code, 0);
    for (const command of ["serve", "work", "dev", "call"]) assertStringIncludes(stdout, command);
  });

  await t.step("a wrong flag is one line and exit code 2", async () => {
    const { code, stderr } = await built.output(["serve", "--wrong"]);
    assertEquals(code, 2);
    assertMatch(stderr, /^error: [^\n]*--wrong[^\n]*\n$/);
  });

  await t.step("serve and work run a task, and end with 0 on SIGTERM", async () => {
    await using redis = await TestRedis.start();
    const port = freePort();
    const serve = built.start(["serve", "--port", `${port}`], redis.url);
    const work = built.start(["work", "--concurrency", "1"], redis.url);
    try {
      const url = `http://127.0.0.1:${port}`;
      await until(() => answers(`${url}/healthz`));
      const started = await fetch(`${url}/tasks`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: "count_primes", args: [1000] }),
      });
      assertEquals(started.status, 202);
      const { task_id } = await started.json();
      const { status, result } = await (await fetch(`${url}/tasks/${task_id}?wait=30`)).json();
      assertEquals([status, result], ["SUCCESS", 168]);
      const page = await fetch(url);
      assertStringIncludes(await page.text(), "<!doctype html>");
    } finally {
      for (const child of [work, serve]) child.kill("SIGTERM");
      const ends = await Promise.all([work.status, serve.status]);
      assertEquals(ends.map(({ code, signal }) => [code, signal]), [[0, null], [0, null]]);
    }
  });

  await t.step({
    name: "it says what to do where it cannot unpack itself",
    ignore: !built.selfExtracting,
    async fn() {
      for (
        const where of [{ TASKAPP_CACHE_DIR: "/dev/null" }, { TASKAPP_CACHE_DIR: "", HOME: "" }]
      ) {
        const { code, stdout, stderr } = await built.output(["--version"], where);
        assertEquals([code, stdout], [1, ""]);
        assertMatch(stderr, /^taskapp: [^\n]*TASKAPP_CACHE_DIR\n$/);
      }
    },
  });
});

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** The executable, freshly made, with an empty directory to run in. */
class Executable implements AsyncDisposable {
  private constructor(private readonly dir: string, readonly selfExtracting: boolean) {}

  static async build(): Promise<Executable> {
    const dir = await mkdtemp(`${tmpdir()}/taskapp-packaging-`);
    await writeFile(`${dir}/taskapp`, "an older one");
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "compile", "--output", `${dir}/taskapp`],
      cwd: ROOT,
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    await mkdir(`${dir}/empty`);
    await using file = await open(`${dir}/taskapp`);
    const { buffer } = await file.read({ buffer: new Uint8Array(2) });
    return new Executable(dir, new TextDecoder().decode(buffer) === "#!");
  }

  start(args: string[], brokerUrl: string): Deno.ChildProcess {
    return this.#command(args, { TASKAPP_BROKER: brokerUrl }, "null").spawn();
  }

  async output(
    args: string[],
    env: Record<string, string> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await this.#command(args, env, "piped").output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  #command(args: string[], env: Record<string, string>, output: "piped" | "null"): Deno.Command {
    return new Deno.Command(`${this.dir}/taskapp`, {
      args,
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", TASKAPP_CACHE_DIR: `${this.dir}/cache`, ...env },
      cwd: `${this.dir}/empty`,
      stdin: "null",
      stdout: output,
      stderr: output,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}
