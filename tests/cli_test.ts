import process from "node:process";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { loadEnvironment } from "../lib/env.ts";
import { expandHostname } from "../cli/hostname.ts";
import { taskapp } from "./command.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

/** Sets variables for the length of a test, and for this file only: others may run in this process. */
function withEnv(variables: Record<string, string>): Disposable {
  const before = process.env;
  process.env = { ...before, ...variables };
  return {
    [Symbol.dispose]() {
      process.env = before;
    },
  };
}

Deno.test("--help and --version answer and exit 0", async () => {
  const help = await taskapp("--help");
  assertEquals([help.code, help.err], [0, ""]);
  for (
    const command of ["serve", "work", "dev", "call", "task", "dead", "queue", "purge", "config"]
  ) {
    assertStringIncludes(help.out, command);
    const own = await taskapp(command, "--help");
    assertEquals([own.code, own.err], [0, ""]);
  }
  const version = await taskapp("--version");
  assertEquals([version.code, version.err], [0, ""]);
  assertStringIncludes(version.out, config.version);
});

const MISTAKES: [args: string[], complaint: RegExp][] = [
  [["work", "--concurency", "4"], /unknown option '--concurency'.*Did you mean --concurrency/],
  [["work", "-c", "0"], /'0' is invalid\. must be a whole number from 1 to/],
  [["work", "-c", "many"], /'many' is invalid/],
  [["work", "-Q", "a,,b"], /"" is not a name/],
  [["work", "-P", "gevent"], /Allowed choices are threads, async/],
  [["work", "--time-limit", "-1"], /must be seconds/],
  [["work", "--soft-time-limit", "300"], /--soft-time-limit 300 must be below --time-limit 300/],
  [["work", "--autoscale", "3,10"], /must be max,min, such as 10,3, both from 1 to 10000/],
  [["work", "--autoscale", "10"], /must be max,min/],
  [["work", "--autoscale", "3,0"], /must be max,min/],
  [["work", "--autoscale", "10,3", "-c", "4"], /--autoscale and --concurrency exclude each other/],
  [
    ["work", "--memory-limit", "64", "--max-memory-per-child", "64"],
    /must be below --memory-limit/,
  ],
  [["work", "-P", "async", "--max-tasks-per-child", "9"], /-tasks-per-child is for --pool threads/],
  [["dev", "-P", "async", "--max-memory-per-child", "50"], /-per-child is for --pool threads/],
  [["work", "--lease", "1"], /must be a whole number from 2 to 3600/],
  [["work", "-n", "w@%x"], /--hostname w@%x: after % comes h .*, not "x"/],
  [["work", "-n", "100%"], /after % comes h/],
  [["work", "-l", "loud"], /must be one of debug, info, warning, error, critical/],
  [["work", "-b", "amqp://x"], /redis:\/\/HOST:PORT\/DB, .*, sqlite:FILE or sqlite::memory:/],
  [["work", "-b", "taskapp.db"], /is named by redis:.* or sqlite::memory:/],
  [["work", "-b", "redis://localhost/abc"], /redis:\/\/USER:PASSWORD@HOST:PORT\/DB/],
  [["work", "-b", "redis:localhost"], /redis:\/\/USER:PASSWORD@HOST:PORT\/DB/],
  [["work", "-b", "redis://:50%off@localhost"], /special characters percent-encoded/],
  [["work", "-b", "redis://a,b"], /redis:\/\/USER:PASSWORD@HOST:PORT\/DB/],
  [["work", "-b", "redis://h?ssl_ca_certs=ca.pem"], /no parameter "ssl_ca_certs", only username/],
  [["work", "-b", "redis://:pa?ss@h"], /names each host as HOST or HOST:PORT/],
  [["work", "-b", "rediss://h?ssl_cert_reqs=none"], /certificates are always checked/],
  [["work", "-b", "rediss://h?ssl_certfile=a"], /needs both ssl_certfile and ssl_keyfile/],
  [["work", "-b", "redis-sentinel://a:1,b:2/0"], /has to name the master, as in \?master=mymaster/],
  [["work", "-b", "redis-sentinel://a:1,:2?master=m"], /names each host as HOST or HOST:PORT/],
  [["work", "-b", "sentinel://a:1;sentinel://b:2"], /redis-sentinel:\/\/.*\?master=NAME/],
  [["work", "-b", "sqlite:"], /sqlite:FILE/],
  [["work", "-b", "sqlite::memory"], /sqlite:FILE or sqlite::memory:/],
  [["work", "-b", "sqlite:///taskapp.db"], /sqlite:taskapp\.db .* or sqlite:\/var/],
  [["work", "-b", "sqlite::memory:"], /of one process, .*: only dev can use it/],
  [["serve", "-b", "sqlite::memory:"], /only dev can use it/],
  [["call", "divide", "[1, 2]", "-b", "sqlite::memory:"], /only dev can use it/],
  [["serve", "--host", "203.0.113.1", "--no-auth"], /cannot listen on 203\.0\.113\.1:8000/],
  [["call", "divide", "[1, 2]", "--idempotency-key", ""], /1 to 255 characters/],
  [["serve", "--port", "99999"], /must be a whole number from 0 to 65535/],
  [
    ["serve", "--host", "0.0.0.0"],
    /who may come in with --users-file, or, behind a proxy .*, say --no-auth, or stay/,
  ],
  [["dev", "--host", "0.0.0.0"], /for others run serve with --users-file and work/],
  [["healthcheck", "--url", "foo"], /--url must be a URL such as http:.*, not foo/],
  [["healthcheck", "--host", "a b"], /--host a b is not an address/],
  [["healthcheck", "--port", "0"], /from 1 to 65535/],
  [["call", "nothing_such"], /Unknown task "nothing_such"; known tasks: .*divide/],
  [["call", "divide", "[1"], /ARGS must be JSON/],
  [["call", "divide", '["a", 2]'], /Invalid arguments for divide: args\.0: /],
  [["call", "divide", "[1, 2]", "--queue", "a b"], /queue "a b" does not match/],
  [["call", "divide", "[1, 2]", "--countdown", "soon"], /must be seconds/],
  [["call", "divide", "[1, 2]", "--eta", "soon"], /must be a time/],
  [["call", "divide", "[1, 2]", "--countdown", "1", "--eta", "2030-01-01"], /exclude each other/],
  [["call", "divide", "[1, 2]", "--unique", "0"], /must be start, end or seconds from 0\.001/],
  [["call", "divide", "[1, 2]", "--unique-key", "k"], /unique_key needs unique/],
  [
    ["call", "divide", "[1, 2]", "--unique", "end", "--unique-key", ""],
    /unique_key must have 1 to/,
  ],
  [["call", "divide", "[1, 2]", "--concurrency-key", ""], /concurrency_key must have 1 to 255/],
  [["call", "divide", "[1, 2]", "--concurrency-limit", "2"], /needs a concurrency_key/],
  [["call", "divide", "[1, 2]", "--concurrency-limit", "0"], /whole number from 1 to 1000000/],
  [["queue", "limit", "default"], /say --rate-limit, --concurrency-limit or both/],
  [["queue", "limit", "default", "--rate-limit", "10/w"], /such as 10\/s, 10\/m, 10\/h/],
  [["queue", "limit", "default", "--rate-limit", "0/m"], /such as 10\/s, 10\/m, 10\/h/],
  [["queue", "limit", "default", "--concurrency-limit", "-1"], /whole number from 1 to/],
  [["queue", "pause"], /missing required argument 'queues'/],
  [["queue", "fly"], /unknown command 'fly'/],
  [["purge"], /required option '-Q, --queues <names>' not specified/],
  [["purge", "-Q", "a b"], /"a b" is not a name/],
  [["task", "ls", "--state", "DONE"], /must be some of PENDING, STARTED/],
  [["task", "ls", "--since", "yesterday"], /must be a time such as .* 90s, 5m, 2h or 7d/],
  [["task", "ls", "--state", "RETRY", "--active"], /'--active' cannot be used with .*'--state/],
  [["task", "ls", "-n", "10001"], /whole number from 1 to 10000/],
  [["task", "limit", "divide", "--rate-limit", "fast"], /must be a rate such as/],
  [["task", "limit", "divide", "--time-limit", "-1"], /must be seconds from 0 to/],
  [["worker", "grow", "many", "w"], /must be a whole number from 1 to 10000/],
  [["worker", "autoscale", "1,4", "w"], /must be max,min, such as 10,3/],
  [["worker", "add-queue", "a b", "w"], /"a b" is not a name/],
  [["worker", "dance"], /unknown command 'dance'/],
  [["task", "limit", "divide"], /say --rate-limit, --time-limit, --soft-time-limit or several/],
  [["task", "retry", "someone", "[1"], /ARGS must be JSON/],
  [["dead", "replay", "someone", "--name", "divide"], /say either ids or options such as --name/],
  [["dead", "forget"], /that fit\? If so, say --force: there is no terminal to ask on/],
  [["fly"], /unknown command 'fly'/],
  [["config", "fly"], /'fly' is invalid .* Allowed choices are serve, work, dev, call/],
  [["config", "serve", "--grace", "3"], /unknown option '--grace'/],
];

for (const [args, complaint] of MISTAKES) {
  Deno.test(`taskapp ${args.join(" ")}: one line and exit code 2`, async () => {
    const { code, out, err } = await taskapp(...args);
    assertEquals([code, out], [2, ""]);
    assertMatch(err, complaint);
    const unlogged = err.replaceAll(/^\{.*\n/gm, ""); // that Redis is away, if it comes to that
    assertMatch(unlogged, /^error: [^\n]*\n$/);
  });
}

Deno.test("a worker's name is expanded as by Celery", () => {
  const names = ["w", "w@%h", "%n-%d", "%%h", "%%%n"].map((text) => expandHostname(text, "a.b.c"));
  assertEquals(names, ["w", "w@a.b.c", "a-b.c", "%h", "%a"]);
  assertEquals(expandHostname("%n@%d", "alone"), "alone@");
});

Deno.test("a flag wins over a variable that it excludes", async () => {
  for (
    const [variable, value, ...flags] of [
      ["TASKAPP_CONCURRENCY", "4", "--autoscale", "10,3"],
      ["TASKAPP_AUTOSCALE", "10,3", "-c", "4"],
    ] as const
  ) {
    using _env = withEnv({ [variable]: value });
    // The next thing that it sees is a broker that cannot be.
    const { err } = await taskapp("work", ...flags, "-b", "sqlite:/nowhere/taskapp.db");
    assertMatch(err, /^error: [^\n]*\/nowhere/);
  }
});

Deno.test("a variable stands in for a flag, and the flag wins", async () => {
  using _env = withEnv({ TASKAPP_CONCURRENCY: "none", TASKAPP_LOGLEVEL: "error" });
  const fromVariable = await taskapp("work");
  assertEquals(fromVariable.code, 2);
  assertStringIncludes(fromVariable.err, "TASKAPP_CONCURRENCY");
  const fromFlag = await taskapp("work", "-c", "zero");
  assertStringIncludes(fromFlag.err, "'zero' is invalid");
});

Deno.test("a setting comes from its variable, then from .env, then from the names that others use", async () => {
  const file = await Deno.makeTempFile();
  const cases: [env: Record<string, string>, file: string, broker: string][] = [
    [
      { TASKAPP_BROKER: "redis://a", REDIS_URL: "redis://b" },
      "TASKAPP_BROKER=redis://c",
      "redis://a",
    ],
    [{ REDIS_URL: "redis://b" }, "TASKAPP_BROKER=redis://c", "redis://c"],
    [{ REDIS_URL: "redis://b", REDIS_HOST: "d" }, "# nothing", "redis://b"],
    [{}, "REDIS_HOST=d\nREDIS_PORT=7000", "redis://d:7000"],
    [{ REDIS_PORT: "7000" }, "", "redis://127.0.0.1:7000"],
    // Kubernetes sets this for a service that is called redis.
    [{ REDIS_HOST: "d", REDIS_PORT: "tcp://10.0.0.7:6379" }, "", "redis://d:6379"],
  ];
  try {
    for (const [env, content, broker] of cases) {
      const none = { TASKAPP_BROKER: "", REDIS_URL: "", REDIS_HOST: "", REDIS_PORT: "" };
      using _env = withEnv({ ...none, ...env });
      await Deno.writeTextFile(file, content);
      loadEnvironment(["TASKAPP_BROKER"], [], file);
      assertEquals(process.env.TASKAPP_BROKER, broker);
    }
  } finally {
    await Deno.remove(file);
  }
  loadEnvironment([], [], `${file}-that-is-not-there`);
});

Deno.test("an empty variable is not set, and a switch can be off", async () => {
  for (const value of ["", "0", "false", "No", "OFF"]) {
    using _env = withEnv({ TASKAPP_NO_AUTH: value, TASKAPP_CONCURRENCY: "" });
    const { code, err } = await taskapp("serve", "--host", "0.0.0.0");
    assertEquals(code, 2);
    assertMatch(err, /^error: --host 0\.0\.0\.0 would let anyone in/);
    const { out } = await taskapp("config", "work", "--json");
    assertEquals(JSON.parse(out).TASKAPP_CONCURRENCY.from, "default");
  }
  for (const value of ["1", "true", "Yes", "ON"]) {
    using _env = withEnv({ TASKAPP_NO_AUTH: value });
    const { out } = await taskapp("config", "serve", "--json");
    assertEquals(JSON.parse(out).TASKAPP_NO_AUTH.value, true);
  }
});

Deno.test("a switch that is neither on nor off is a mistake where it counts", async () => {
  using _env = withEnv({ TASKAPP_NO_AUTH: "maybe" });
  const { code, out, err } = await taskapp("serve", "--host", "203.0.113.1");
  assertEquals([code, out], [2, ""]);
  assertMatch(err, /^error: variable TASKAPP_NO_AUTH must be one of 1, .*, or of 0, [^\n]*\n$/);
  const call = await taskapp("call", "nothing_such");
  assertStringIncludes(call.err, "nothing_such");
});

Deno.test("healthcheck asks where serve listens, whatever else is wrong", async () => {
  const port = `${freePort()}`;
  using _env = withEnv({ TASKAPP_PORT: port, TASKAPP_HOST: "0.0.0.0", REDIS_URL_FILE: "nothing" });
  const before = await taskapp("healthcheck");
  assertEquals([before.code, before.out], [1, ""]);
  assertMatch(before.err, new RegExp(`^http://127.0.0.1:${port}/healthz .*Connection refused`));

  await using redis = await TestRedis.start();
  await using _server = Program.start(["serve", "-b", redis.url], {
    TASKAPP_PORT: port,
    TASKAPP_HOST: "0.0.0.0",
    TASKAPP_NO_AUTH: "1",
  });
  await until(async () => (await taskapp("healthcheck")).code === 0);
  const elsewhere = await taskapp("healthcheck", "--url", `http://127.0.0.1:${port}/nothing`);
  assertEquals(elsewhere.code, 1);
  assertStringIncludes(elsewhere.err, "/nothing answers 404");
});

for (
  const [url, meant] of [
    ["redis://localhost:6379/3", "redis://localhost:6379/3"],
    ["rediss://user@cache.example", "rediss://user@cache.example"],
    ["sqlite:tasks.db", "sqlite:tasks.db"],
    ["sqlite:../a folder/tasks", "sqlite:../a folder/tasks"],
    ["sqlite:/var/lib/taskapp/tasks.db", "sqlite:/var/lib/taskapp/tasks.db"],
    ["sqlite:////var/lib/taskapp/tasks.db", "sqlite:/var/lib/taskapp/tasks.db"],
    ["sqlite::memory:", "sqlite::memory:"],
  ] as const
) {
  Deno.test(`${url} names a broker`, async () => {
    const { code, out, err } = await taskapp("config", "dev", "--json", "-b", url);
    assertEquals([code, err], [0, ""]);
    assertEquals(JSON.parse(out).TASKAPP_BROKER, { value: meant, from: "flag --broker" });
  });
}

Deno.test("call says in one line that Redis is away, and exits 1", async () => {
  const url = `redis://user:secret@127.0.0.1:${freePort()}`;
  const { code, err } = await taskapp("call", "divide", "[1, 2]", "-b", url);
  assertEquals(code, 1);
  assertMatch(err, /^error: Redis at redis:\/\/127\.0\.0\.1:\d+ is not reachable[^\n]*\n$/);
  assert(!err.includes("secret"));
});

Deno.test("a database that Redis does not have is refused, not exchanged for another", async () => {
  await using redis = await TestRedis.start();
  const { code, err } = await taskapp("call", "divide", "[1, 2]", "-b", `${redis.url}/99`);
  assertEquals(code, 2);
  assertMatch(err, /^error: Redis at \S+\/99 has no database of this number: [^\n]*\n$/);
});

Deno.test("call starts a task and prints its id; a key starts it once", async () => {
  await using redis = await TestRedis.start();
  const first = await taskapp(
    "call",
    "divide",
    "[1, 2]",
    "-b",
    redis.url,
    "--idempotency-key",
    "k",
  );
  assertEquals([first.code, first.err], [0, ""]);
  assertMatch(first.out, /^[0-9a-f-]{36}\n$/);
  const again = await taskapp(
    "call",
    "divide",
    "[1, 2]",
    "-b",
    redis.url,
    "--idempotency-key",
    "k",
  );
  assertEquals(again.out, first.out);
  const other = await taskapp(
    "call",
    "divide",
    "[1, 3]",
    "-b",
    redis.url,
    "--idempotency-key",
    "k",
  );
  assertEquals(other.code, 2);
});
