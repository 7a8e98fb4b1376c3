import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { VARIABLES_ONLY } from "../cli/options.ts";
import config from "../deno.json" with { type: "json" };
import { envExample, withTable } from "./config_docs.ts";
import { TestRedis } from "./redis.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const UPDATE = "deno test --no-check -A tests/config_test.ts -- --update";

Deno.test("README.md and .env.example say which settings there are", async () => {
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  const wanted = { "README.md": withTable(readme), ".env.example": envExample() };
  for (const [file, text] of Object.entries(wanted)) {
    if (Deno.args.includes("--update")) await Deno.writeTextFile(ROOT + file, text);
    const actual = await Deno.readTextFile(ROOT + file);
    assert(actual === text, `${file} is out of date; update it by: ${UPDATE}`);
  }
});

Deno.test("a setting that has no flag is read somewhere, and each such one is listed", async () => {
  const read = new Set<string>();
  for await (const file of files("jobs", "routes", "tools/launcher.sh")) {
    const text = await Deno.readTextFile(ROOT + file);
    for (const [name] of text.matchAll(/\bTASKAPP_[A-Z_]+\b/g)) read.add(name);
  }
  const listed = VARIABLES_ONLY.map(({ variable }) => variable);
  assertEquals([...read].sort(), listed.toSorted());
});

async function* files(...paths: string[]): AsyncGenerator<string> {
  for (const path of paths) {
    if (path.includes(".")) yield path;
    else for await (const { name } of Deno.readDir(ROOT + path)) yield* files(`${path}/${name}`);
  }
}

Deno.test("config says what counts for a command and where it comes from", async () => {
  await using place = await Place.make({
    ".env": "PORT=9000\nTASKAPP_LOGLEVEL=debug\nTASKAPP_POOL=async\n",
    secret: "redis://me:s3cret@db.example:6379/2\n",
  });
  const env = {
    TASKAPP_BROKER_FILE: "secret",
    TASKAPP_LOGLEVEL: "error",
    TASKAPP_GRACE: "",
    TASKAPP_DATA_DIR: "/data",
  };
  const work = await place.run(["config", "work", "-c", "3"], env);
  assertEquals([work.code, work.stderr], [0, ""]);
  assertMatch(work.stdout, /^SETTING +VALUE +FROM\n/);
  for (
    const line of [
      /^TASKAPP_BROKER +redis:\/\/me:\*\*\*@db\.example:6379\/2 +file secret \(TASKAPP_BROKER_FILE\)$/m,
      /^TASKAPP_LOGLEVEL +error +variable TASKAPP_LOGLEVEL$/m,
      /^TASKAPP_CONCURRENCY +3 +flag --concurrency$/m,
      /^TASKAPP_QUEUES +not set$/m,
      /^TASKAPP_POOL +async +TASKAPP_POOL in \.env$/m,
      /^TASKAPP_GRACE +30 +default$/m,
      /^TASKAPP_DATA_DIR +\/data +variable TASKAPP_DATA_DIR$/m,
    ]
  ) assertMatch(work.stdout, line);
  assert(!work.stdout.includes("s3cret") && !work.stdout.includes("TASKAPP_PORT"));

  const all = await place.run(["config", "--json"], {
    ...env,
    TASKAPP_NO_AUTH: "no",
    TASKAPP_PORT: "tcp://10.0.0.8:8000", // what Kubernetes sets for a service that is called taskapp
  });
  assertEquals([all.code, all.stderr], [0, ""]);
  const settings = JSON.parse(all.stdout);
  assertEquals(settings.TASKAPP_PORT, { value: 9000, from: "PORT in .env" });
  assertEquals(settings.TASKAPP_NO_AUTH, { value: false, from: "variable TASKAPP_NO_AUTH" });
  assertEquals(settings.TASKAPP_QUEUES, { value: null, from: null });
  assertEquals(settings.TASKAPP_WEBHOOK_HOSTS, { value: null, from: null });

  const dev = await place.run(["config", "dev", "--json"], {});
  assertEquals(JSON.parse(dev.stdout).TASKAPP_BROKER, {
    value: "sqlite:taskapp.db",
    from: "default",
  });
});

Deno.test("the passwords of a URL for Sentinel are not shown either", async () => {
  await using place = await Place.make({});
  const broker = "redis-sentinel://me:s3cret@a:1,b:2/3?master=m&sentinel_password=s3cret2";
  const { stdout } = await place.run(["config", "work", "-b", broker], {});
  assertMatch(
    stdout,
    /redis-sentinel:\/\/me:\*\*\*@a:1,b:2\/3\?master=m&sentinel_password=\*\*\* /,
  );
  assert(!stdout.includes("s3cret"), stdout);
});

Deno.test("the password for Redis may be in a file, with any characters", async () => {
  const password = 'p@ss/w:rd #%"ü';
  await using redis = await TestRedis.start();
  await redis.command("CONFIG", "SET", "requirepass", password);
  await using place = await Place.make({ password: `${password}\n` });
  const env = { REDIS_HOST: "127.0.0.1", REDIS_PORT: `${redis.port}` };
  const good = await place.run(["call", "divide", "[1, 2]"], {
    ...env,
    REDIS_PASSWORD_FILE: "password",
  });
  assertEquals([good.code, good.stderr], [0, ""]);
  const bad = await place.run(["call", "divide", "[1, 2]"], env);
  assert(bad.code !== 0, "Redis took a call without its password");
});

const BROKEN: [name: string, env: Record<string, string>, complaint: RegExp][] = [
  [
    "a secret is given twice",
    { REDIS_URL: "redis://a", REDIS_URL_FILE: "secret" },
    /REDIS_URL and REDIS_URL_FILE are both set/,
  ],
  [
    "a secret's file is missing",
    { CELERY_BROKER_URL_FILE: "nothing" },
    /CELERY_BROKER_URL_FILE names nothing, which cannot be read: No such file/,
  ],
  [
    "a secret's file is empty",
    { TASKAPP_BROKER_FILE: "empty" },
    /TASKAPP_BROKER_FILE names empty, which is empty/,
  ],
  [
    "a secret's file is out of reach",
    { REDIS_PASSWORD_FILE: "/usr/secret" },
    /REDIS_PASSWORD_FILE names \/usr\/secret, .* only in the working directory, .*\/run\/secrets/,
  ],
  [
    "a secret's file is in UTF-16",
    { TASKAPP_BROKER_FILE: "utf16" },
    /TASKAPP_BROKER_FILE names utf16, which is not text in UTF-8/,
  ],
  [
    "a secret's file has no known encoding",
    { REDIS_PASSWORD_FILE: "latin1" },
    /REDIS_PASSWORD_FILE names latin1, which is not text in UTF-8/,
  ],
  [
    "a secret's file has two lines",
    { TASKAPP_BROKER_FILE: "lines" },
    /TASKAPP_BROKER_FILE names lines, which is not one line of text/,
  ],
  [
    "a file holds no URL",
    { TASKAPP_BROKER_FILE: "secret" },
    /file secret \(TASKAPP_BROKER_FILE\): a broker is named by redis:/,
  ],
  [
    "a variable of others holds another broker's URL",
    { CELERY_BROKER_URL: "amqp://guest:s3cret@h//" },
    /variable CELERY_BROKER_URL: a broker is named by redis:/,
  ],
];

for (const [name, env, complaint] of BROKEN) {
  Deno.test(`${name}: one line and exit code 2`, async () => {
    await using place = await Place.make({
      secret: "s3cret\n",
      empty: "\n",
      utf16: [..."redis://:s3cret@h"].join("\0") + "\0",
      latin1: Uint8Array.from("s3cret\xe9", (letter) => letter.charCodeAt(0)),
      lines: "redis://:s3cret@h\nredis://:s3cret@i\n",
    });
    const { code, stdout, stderr } = await place.run(["work"], env);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, complaint);
    assertMatch(stderr, /^error: [^\n]*\n$/);
    assert(!/s\W*3\W*c/.test(stderr), "the secret is shown");
  });
}

Deno.test("a variable wins over its other form in .env, and --version needs neither", async () => {
  await using place = await Place.make({
    ".env": "TASKAPP_BROKER_FILE=nothing\n",
  });
  const { stdout } = await place.run(["config", "--json"], { TASKAPP_BROKER: "redis://a" });
  const from = "variable TASKAPP_BROKER";
  assertEquals(JSON.parse(stdout).TASKAPP_BROKER, { value: "redis://a", from });
  const version = await place.run(["--version"], {});
  assertEquals([version.code, version.stderr], [0, ""]);
  assertStringIncludes(version.stdout, config.version);
});

Deno.test("a .env with a NUL is refused, without its contents", async () => {
  await using place = await Place.make({ ".env": "TASKAPP_BROKER=redis://:s3\0cret@h\n" });
  const { code, stdout, stderr } = await place.run(["config"], {});
  assertEquals([code, stdout, stderr], [2, "", "error: .env is not text in UTF-8\n"]);
});

Deno.test("in .env a byte order mark does not count, nor does an empty value", async () => {
  await using place = await Place.make({
    ".env": "\ufeffTASKAPP_PORT=9000\nTASKAPP_LOGLEVEL=\n",
  });
  const settings = JSON.parse((await place.run(["config", "--json"], {})).stdout);
  assertEquals(settings.TASKAPP_PORT, { value: 9000, from: "TASKAPP_PORT in .env" });
  assertEquals(settings.TASKAPP_LOGLEVEL, { value: "info", from: "default" });
});

Deno.test("a .env that may not be read is a mistake, one that cannot be seen is none", async () => {
  await using place = await Place.make({ ".env": "TASKAPP_PORT=9000\n" });
  const unreadable = await place.run(["config", "--json"], {}, "chmod 0 .env");
  assertEquals([unreadable.code, unreadable.stdout], [2, ""]);
  assertMatch(unreadable.stderr, /^error: \.env cannot be read: Permission denied[^\n]*\n$/);
  const unseen = await place.run(["config", "--json"], {}, "chmod 0 .");
  assertEquals([unseen.code, unseen.stderr], [0, ""]);
  assertEquals(JSON.parse(unseen.stdout).TASKAPP_PORT.from, "default");
});

/** A directory to start the program in, with the permissions that it has for its users. */
class Place implements AsyncDisposable {
  private constructor(private readonly dir: string) {}

  static async make(contents: Record<string, string | Uint8Array>): Promise<Place> {
    const dir = await mkdtemp(`${tmpdir()}/taskapp-config-`);
    for (const [name, text] of Object.entries(contents)) {
      await writeFile(`${dir}/${name}`, text);
    }
    return new Place(dir);
  }

  /** @param before a shell command to run first in the directory, which takes rights away */
  async run(
    args: string[],
    env: Record<string, string>,
    before = ":",
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const [, ...flags] = config.tasks.taskapp.command.split(" ");
    const main = `${ROOT}${flags.pop()}`;
    const { PATH = "", HOME = "", DENO_DIR = "" } = Deno.env.toObject();
    // No mode keeps root out, unless it gives up its capabilities.
    const start = Deno.uid() === 0 && before !== ":" ? `setpriv --bounding-set=-all "$@"` : `"$@"`;
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", `${before}; exec ${start}`, "sh", Deno.execPath(), ...flags, main, ...args],
      clearEnv: true,
      env: { PATH, HOME, ...DENO_DIR && { DENO_DIR }, NO_COLOR: "1", ...env },
      cwd: this.dir,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}
