/** Makes the executable, in both forms as far as it can, and runs it as others would. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { freePort } from "./ports.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** One that packs itself unpacks 100 MB at its first start. */
const FIRST_START_MS = 60_000;

Deno.test("the executable works in an empty directory, without Deno or the sources", async (t) => {
  await using built = await Executable.build();
  const { dir } = built;

  await t.step("several can start for the first time at once, and say what they are", async () => {
    const runs = await Promise.all([1, 2, 3].map(() => built.output(["--version"])));
    const form = built.selfExtracting ? "self-extracting" : "deno compile";
    const version = `taskapp ${config.version} (c0ffee1, ${form})\n`;
    for (const { code, stdout, stderr } of runs) {
      assertEquals([code, stdout, stderr], [0, version, ""]);
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

  await t.step("serve and work run tasks, and end with 0 on SIGTERM", async () => {
    await using redis = await TestRedis.start();
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { TASKAPP_BROKER: redis.url };
    await using serve = built.start(["serve", "--port", `${port}`], { env });
    await using work = built.start(["work", "--concurrency", "1"], { env });
    await until(() => answers(`${url}/healthz`));
    const good = await run(url, "count_primes", [1000]);
    assertEquals([good.status, good.result], ["SUCCESS", 168]);
    const bad = await run(url, "csv_report", { csv: 'a\n"' });
    assertEquals([bad.status, bad.error.type], ["FAILURE", "SyntaxError"]);
    assertMatch(bad.error.stack, /taskapp:jobs\/tasks\/csv_report\.ts:\d+:\d+/);
    const page = await fetch(url);
    assertStringIncludes(await page.text(), "<!doctype html>");
    assertEquals(await stop(work, serve), [[0, null], [0, null]]);
  });

  await t.step("any user can run it where only its cache can be written", async () => {
    const [cwd, cache] = [`${dir}/read-only`, `${dir}/cache of another`];
    await mkdir(cache);
    await chmod(cache, 0o777);
    await mkdir(cwd, { mode: 0o555 });
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = ["dev", "--port", `${port}`, "--broker", "sqlite::memory:"];
    const where = { cwd, env: { TASKAPP_CACHE_DIR: cache }, asNobody: true };
    await using child = built.start(args, where);
    await until(() => answers(`${url}/healthz`), FIRST_START_MS);
    assertEquals((await run(url, "count_primes", [1000])).status, "SUCCESS");
    assertEquals(await stop(child), [[0, null]]);
  });

  await t.step("a comma in its working directory permits nothing beside it", async () => {
    const cwd = `${dir}/a, b`;
    for (const folder of [cwd, `${dir}/a`]) await mkdir(folder);
    assertEquals(await built.opens("t.db", cwd), true);
    assertEquals(await built.opens(`${dir}/a/t.db`, cwd), false);
  });

  const ignore = !built.selfExtracting;

  await t.step({
    name: "it cannot change what it has unpacked",
    ignore,
    async fn() {
      const cwd = `${dir}/cache`;
      const [unpacked] = await readdir(cwd);
      assertEquals(await built.opens("t.db", cwd), true);
      assertEquals(await built.opens(`${unpacked}/t.db`, cwd), false);
    },
  });

  await t.step({
    name: "it says what to do where it cannot unpack itself, or not safely",
    ignore,
    async fn() {
      const places = [
        { TASKAPP_CACHE_DIR: "/dev/null" },
        { TASKAPP_CACHE_DIR: "", HOME: "" },
        { TASKAPP_CACHE_DIR: `${dir}/cache,${dir}` },
      ];
      // Another's by now, but for a test that is not run as root.
      if (Deno.uid() === 0) places.push({ TASKAPP_CACHE_DIR: `${dir}/cache of another` });
      for (const env of places) {
        const { code, stdout, stderr } = await built.output(["--version"], { env });
        assertEquals([code, stdout], [1, ""]);
        assertMatch(stderr, /^taskapp: [^\n]*TASKAPP_CACHE_DIR\n$/);
      }
    },
  });
});

Deno.test("deno compile gets the program, its threads and its permissions", async () => {
  const dir = await mkdtemp(`${tmpdir()}/taskapp-packaging-`);
  try {
    // So Deno downloads nothing. What it makes does not run, but holds all that it was given.
    const env = { DENORT_BIN: Deno.execPath(), TASKAPP_COMMIT: "c0ffee1" };
    const { code, stdout, stderr } = await compile(["--output", `${dir}/new/taskapp`], env);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^Made \S+\/new\/taskapp for \S+ by deno compile, \d+\.\d MB\n$/);
    const made = await readFile(`${dir}/new/taskapp`);
    const [, folders = ""] = /--allow-read=(\S+)/.exec(config.tasks.taskapp.command) ?? [];
    const contents = [
      `"allow_read":${JSON.stringify(folders.split(","))}`,
      '"allow_run":null',
      '"prompt":false',
      '"code_cache_key":null',
      '"app_name":"taskapp"',
      'const TASKAPP_BUILD = "c0ffee1, deno compile"',
      ...["main.js", "main.js.map", "thread.js", "thread.js.map"].map((name) => `"n":"${name}"`),
    ];
    for (const text of contents) assert(made.includes(text), text);
  } finally {
    await rm(dir, { recursive: true });
  }
});

const MISTAKES: [args: string[], complaint: RegExp][] = [
  [["--target", "amiga"], /"amiga" must be one of x86_64-unknown-linux-gnu, .*windows-msvc/],
  [["--output", tmpdir()], /must name a file/],
  [["--outputs", "x"], /Unknown option '--outputs'/],
];

for (const [args, complaint] of MISTAKES) {
  Deno.test(`compile ${args.join(" ")}: one line and exit code 2`, async () => {
    const { code, stdout, stderr } = await compile(args);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, complaint);
    assertMatch(stderr, /^error: [^\n]*\n$/);
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Runs a task to its end. */
async function run(url: string, name: string, args: unknown) {
  const started = await fetch(`${url}/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, args }),
  });
  assertEquals(started.status, 202);
  const { task_id } = await started.json();
  return await (await fetch(`${url}/tasks/${task_id}?wait=30`)).json();
}

async function stop(...children: Deno.ChildProcess[]): Promise<unknown[]> {
  for (const child of children) child.kill("SIGTERM");
  const ends = await Promise.all(children.map(({ status }) => status));
  return ends.map(({ code, signal }) => [code, signal]);
}

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

async function outputOf(command: Deno.Command): Promise<Output> {
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function compile(args: string[], env: Record<string, string> = {}): Promise<Output> {
  const options = { args: ["task", "-q", "compile", ...args], cwd: ROOT, env };
  return outputOf(new Deno.Command(Deno.execPath(), options));
}

interface Surroundings {
  env?: Record<string, string>;
  cwd?: string;
  /** As a user who owns nothing, where the test may choose. */
  asNobody?: boolean;
}

/** The executable, freshly made, with an empty directory to run in. */
class Executable implements AsyncDisposable {
  private constructor(readonly dir: string, readonly selfExtracting: boolean) {}

  static async build(): Promise<Executable> {
    const dir = await mkdtemp(`${tmpdir()}/taskapp-packaging-`);
    await chmod(dir, 0o755);
    await mkdir(`${dir}/empty`);
    await mkdir(`${dir}/bin`);
    const path = `${dir}/bin/taskapp`;
    await writeFile(path, "an older one");
    const { code, stderr } = await compile(["--output", path], { TASKAPP_COMMIT: "c0ffee1" });
    assertEquals(code, 0, stderr);
    assertEquals(await readdir(`${dir}/bin`), ["taskapp"]);
    await chmod(`${dir}/bin`, 0o555);
    await using file = await open(path);
    const { buffer } = await file.read({ buffer: new Uint8Array(2) });
    return new Executable(dir, new TextDecoder().decode(buffer) === "#!");
  }

  start(args: string[], where: Surroundings): Deno.ChildProcess {
    return this.#command(args, where, "null").spawn();
  }

  output(args: string[], where: Surroundings = {}): Promise<Output> {
    return outputOf(this.#command(args, where, "piped"));
  }

  /** Whether it may use a database there; if not, that has to be what it says. */
  async opens(file: string, cwd: string): Promise<boolean> {
    const args = ["call", "divide", "[1, 2]", "--broker", `sqlite:${file}`];
    const { code, stderr } = await this.output(args, { cwd });
    if (code === 0) return true;
    assertEquals(code, 2);
    assertMatch(stderr, /^error: taskapp may not use [^\n]*\n$/);
    return false;
  }

  #command(args: string[], where: Surroundings, output: "piped" | "null"): Deno.Command {
    const { env, cwd = `${this.dir}/empty`, asNobody = false } = where;
    const nobody = asNobody && Deno.uid() === 0
      ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
      : [];
    const [file = "", ...rest] = [...nobody, `${this.dir}/bin/taskapp`, ...args];
    return new Deno.Command(file, {
      args: rest,
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", TASKAPP_CACHE_DIR: `${this.dir}/cache`, ...env },
      cwd,
      stdin: "null",
      stdout: output,
      stderr: output,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await chmod(`${this.dir}/bin`, 0o755);
    await rm(this.dir, { recursive: true });
  }
}
