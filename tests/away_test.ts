/** What the program says and does while its broker is away or will not have it, by its real log. */

import { assert, assertEquals, assertExists, assertMatch } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBroker } from "../jobs/connect.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { together } from "./together.ts";
import { until } from "./until.ts";

/** Until a program runs: many are started at once, and the first of all fills Deno's caches. */
const START_MS = 60_000;
const WAYS_OUT = /start one there, .*--broker.*sqlite:taskapp\.db.*taskapp dev; trying again$/;

/** A command that runs until it is stopped, and its log. */
class Running implements AsyncDisposable {
  readonly #program: Program;
  readonly #port = freePort();

  constructor(command: "serve" | "work", url: string, env: Record<string, string> = {}) {
    const args = command === "serve" ? ["--port", `${this.#port}`] : ["-c", "1"];
    this.#program = Program.startPiped([command, ...args], { TASKAPP_BROKER: url, ...env });
  }

  /** What `serve` answers to the probe; 0 before it listens. */
  async ready(): Promise<number> {
    try {
      return (await this.get("/readyz")).status;
    } catch {
      return 0;
    }
  }

  async get(path: string): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`);
    await response.body?.cancel();
    return response;
  }

  post(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#port}${path}`, { method: "POST", ...init });
  }

  signal(signal: Deno.Signal): void {
    this.#program.signal(signal);
  }

  /** Sends TERM. Answers the exit code, and the log from warnings up and of the broker. */
  async stop(): Promise<{ code: number; ms: number; log: string[] }> {
    const started = performance.now();
    const { code, stderr } = await this.#program.stop();
    const ms = performance.now() - started;
    const records = stderr.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const log = records
      .filter(({ level, logger }) => level !== "info" || logger === "taskapp.broker")
      .filter(({ message }) => !/keeps no append-only file/.test(message)) // these keep none
      .map(({ level, message }) => `${level}: ${message}`);
    return { code, ms, log };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}

/** Has a worker run a task to its end. */
async function runOn(url: string): Promise<void> {
  const broker = connectBroker(url);
  try {
    const task = await longRunningTask.prepare([0.1]);
    await broker.enqueue([task]);
    await until(async () => (await broker.get(task.id))?.status === "SUCCESS", START_MS);
  } finally {
    await broker.close();
  }
}

function assertLog(log: string[], expected: RegExp[]): void {
  assertEquals(log.length, expected.length, log.join("\n"));
  expected.forEach((line, i) => assertMatch(log[i] ?? "", line));
}

Deno.test("serve and work start without Redis, say it once, and go on by themselves when it is there", async () => {
  await using redis = await TestRedis.start();
  await redis.down();
  await using server = new Running("serve", redis.url);
  await using worker = new Running("work", redis.url);
  await until(async () => await server.ready() === 503, START_MS);
  await sleep(2000); // several turns of every duty
  for (let outage = 1; outage <= 2; outage++) {
    await redis.up();
    await until(async () => await server.ready() === 200, START_MS);
    await runOn(redis.url);
    await redis.down();
    await until(async () => await server.ready() === 503);
    await sleep(2000);
  }
  for (const stopped of await Promise.all([server.stop(), worker.stop()])) {
    assertEquals(stopped.code, 0);
    const gone = /^warning: Redis at \S+ is not reachable \([^()]+\); trying again$/;
    const back = /^info: Redis at \S+ is back$/;
    const first = stopped.log.shift() ?? "";
    assertMatch(first, /^warning: Redis at redis:\/\/127\.0\.0\.1:\d+ is not reachable \(/);
    assertMatch(first, WAYS_OUT);
    assertLog(stopped.log, [back, gone, back, gone]);
    // What is held is waited for up to 5 s.
    assert(stopped.ms < 4500, `nothing was held, and it took ${stopped.ms} ms`);
  }
});

Deno.test("TERM and INT end a program at once whose Redis has never answered", async () => {
  using redis = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = redis.addr;
  for (
    const [signal, url] of [
      ["SIGTERM", `redis://127.0.0.1:${port}`],
      ["SIGINT", `redis-sentinel://127.0.0.1:${port}?master=m`],
    ] as const
  ) {
    for (const command of ["serve", "work"]) {
      await using program = Program.start([command, "--loglevel", "error"], {
        TASKAPP_BROKER: url,
        TASKAPP_PORT: `${freePort()}`,
      });
      using _silent = await redis.accept(); // it asks whether the broker can be used
      const started = performance.now();
      assertEquals(await program.kill(signal), 0, `${command} ${signal}`);
      assert(performance.now() - started < 2000, `${command} ${signal}`);
    }
  }
});

together("while and after Redis is away, or will not have us", {
  "a worker that ends while Redis is away tells its results if that comes back in time":
    async () => {
      await using redis = await TestRedis.start({ durable: true });
      const broker = connectBroker(redis.url);
      await using worker = new Running("work", redis.url);
      const task = await createTask.prepare([3]);
      await broker.enqueue([task]);
      await until(async () => (await broker.get(task.id))?.status === "PROGRESS", START_MS);
      await redis.down();
      await sleep(4500); // it ends, and cannot say so
      const stopping = worker.stop();
      await sleep(1500);
      await redis.up();
      assertEquals((await stopping).code, 0);
      await until(() => broker.ping().then(() => true, () => false));
      const ended = await broker.get(task.id);
      assertEquals([ended?.status, ended?.retries], ["SUCCESS", 0]);
      await broker.close();
    },
  "a password that changes under a running program is said once, and waited for": async () => {
    await using redis = await TestRedis.start();
    const user = (password: string) =>
      redis.command("ACL", "SETUSER", "app", "reset", "on", `>${password}`, "~*", "&*", "+@all");
    await user("old");
    const url = redis.url.replace("//", "//app:old@");
    await using server = new Running("serve", url);
    await using worker = new Running("work", url);
    await until(async () => await server.ready() === 200, START_MS);
    await runOn(redis.url);
    await user("new");
    await redis.command("CLIENT", "KILL", "USER", "app");
    await until(async () => await server.ready() === 503);
    await sleep(2500);
    await user("old");
    await until(async () => await server.ready() === 200, START_MS);
    await runOn(redis.url);
    for (const { code, log } of await Promise.all([server.stop(), worker.stop()])) {
      assertEquals(code, 0);
      assertLog(log, [
        /^warning: Redis at \S+ does not accept this user name and password: .*; trying again$/,
        /^info: Redis at \S+ is back$/,
      ]);
    }
  },
  "a full Redis takes no new task, and those that it has taken go on to their end": async () => {
    await using redis = await TestRedis.start();
    await using server = new Running("serve", redis.url);
    await using worker = new Running("work", redis.url);
    const broker = connectBroker(redis.url);
    await until(async () => await server.ready() === 200, START_MS);
    const running = await longRunningTask.prepare([0.5]);
    const waiting = await longRunningTask.prepare([0.1]);
    await broker.enqueue([running, waiting]);
    await until(async () => (await broker.get(running.id))?.status === "PROGRESS", START_MS);
    await redis.command("CONFIG", "SET", "maxmemory", "1");

    const refused = await server.post("/tasks");
    assertEquals(refused.status, 503);
    assertMatch((await refused.json()).detail, /^The broker is full and takes no new tasks/);
    const key = {
      headers: { "idempotency-key": "k", "content-type": "application/json" },
      body: '{"name": "count_primes", "args": [10]}',
    };
    await (await server.post("/tasks", key)).body?.cancel();
    const env = { TASKAPP_BROKER: redis.url };
    const called = await Program.output(["call", "divide", "[1, 2]"], env);
    assertEquals(called.code, 1);
    assertMatch(called.stderr, /^error: Redis at \S+ is full and takes no new tasks [^\n]*\n$/);
    for (const { id } of [running, waiting]) {
      await until(async () => (await broker.get(id))?.status === "SUCCESS");
    }
    const { tasks } = await broker.list({ limit: 10 });
    assertEquals(new Set(tasks.map(({ task_id }) => task_id)), new Set([running.id, waiting.id]));
    const keys = await redis.command("KEYS", "taskapp:{0}:[ti][ad][se][km]*");
    assertEquals(keys.split("\n").length, 2, keys); // hashes of tasks, and no idempotency key

    await redis.command("CONFIG", "SET", "maxmemory", "0");
    await runOn(redis.url);
    const later = await server.post("/tasks", key);
    assertEquals(later.status, 202);
    await later.body?.cancel();
    await sleep(6000);
    await broker.close();
    const full = /^warning: Redis at \S+ is full and takes no new tasks \(OOM .*; trying again$/;
    assertLog((await server.stop()).log, [full, /^info: Redis at \S+ is back$/]);
    assertEquals((await worker.stop()).code, 0);
  },
  "a Redis that becomes a replica is said once, and used again when it is a master": async () => {
    await using redis = await TestRedis.start();
    await using server = new Running("serve", redis.url);
    await until(async () => await server.ready() === 200, START_MS);
    await redis.command("REPLICAOF", "127.0.0.1", "1");
    await until(async () => await server.ready() === 503);
    await sleep(2500);
    await redis.command("REPLICAOF", "NO", "ONE");
    await until(async () => await server.ready() === 200, START_MS);
    assertLog((await server.stop()).log, [
      /^warning: Redis at \S+ is a replica, where nothing can be written .*; trying again$/,
      /^info: Redis at \S+ is back$/,
    ]);
  },
  "the rights that the documentation names are enough, and of a missing one it is said which":
    async () => {
      await using redis = await TestRedis.start();
      const text = await Deno.readTextFile(new URL("../docs/architecture.md", import.meta.url));
      const rights = /A Redis user of its own needs the rights\s+`([^`]+)`/.exec(text)?.[1];
      assertExists(rights);
      await redis.command("ACL", "SETUSER", "app", "on", ">right");
      const url = redis.url.replace("//", "//app:right@");
      const refused = await Program.output(["call", "divide", "[1, 2]"], { TASKAPP_BROKER: url });
      assert(refused.stderr.includes(`: ACL SETUSER <user> ${rights} is enough`), refused.stderr);
      await redis.command("ACL", "SETUSER", "app", ...rights.split(" "));
      await using server = new Running("serve", url, { TASKAPP_LOGLEVEL: "debug" });
      await using worker = new Running("work", url, { TASKAPP_LOGLEVEL: "debug" });
      await until(async () => await server.ready() === 200, START_MS);
      await runOn(url);
      for (const path of ["/tasks", "/queues", "/workers", "/stats", "/metrics"]) {
        assertEquals((await server.get(path)).status, 200);
      }
      for (const { log } of await Promise.all([server.stop(), worker.stop()])) {
        assertEquals(log.filter((text) => /NOPERM|ACL/.test(text)), []);
      }
      await redis.command("ACL", "SETUSER", "app", "-rpush");
      const lacking = await Program.output(["call", "divide", "[1, 2]"], { TASKAPP_BROKER: url });
      assertEquals(lacking.code, 1);
      assertMatch(
        lacking.stderr,
        /does not let its user do what taskapp does \(.*(rpush|can't run)/,
      );
    },
  "a Redis that drops tasks when it is full is warned of once, with the remedy": async () => {
    await using redis = await TestRedis.start({ args: ["--maxmemory-policy", "allkeys-lru"] });
    await using server = new Running("serve", redis.url);
    await using worker = new Running("work", redis.url);
    await until(async () => await server.ready() === 200, START_MS);
    await runOn(redis.url);
    await redis.command("CLIENT", "KILL", "TYPE", "normal");
    await until(async () => await server.ready() === 200);
    const remedy = /^warning: Redis at \S+ drops tasks .*CONFIG SET maxmemory-policy noeviction/;
    for (const { log } of await Promise.all([server.stop(), worker.stop()])) {
      assertLog(log, [remedy]);
    }
    const { code, stderr } = await Program.output(["call", "divide", "[1, 2]"], {
      TASKAPP_BROKER: redis.url,
    });
    assertEquals([code, stderr], [0, ""]);
  },
  "an error that is no outage is still logged": async () => {
    await using redis = await TestRedis.start();
    await redis.command("SET", "taskapp:{0}:scheduled", "not a sorted set");
    await using worker = new Running("work", redis.url);
    const broker = connectBroker(redis.url);
    await until(async () => (await broker.workers()).length === 1, START_MS);
    await broker.close();
    await sleep(2000);
    const { log } = await worker.stop();
    assertLog(log, [/^warning: promote failed, trying again: .*WRONGTYPE/]);
  },
});

const REFUSALS: [what: string, acl: string[], user: string, path: string, line: RegExp][] = [
  [
    "a wrong password",
    ["on", ">right", "~*", "&*", "+@all"],
    "app:wr0ng",
    "",
    /does not accept this user name and password: correct them in the broker's URL/,
  ],
  [
    "an unknown user",
    ["on", ">right"],
    "nobody:wr0ng",
    "",
    /does not accept this user name and password/,
  ],
  ["no rights", ["on", ">wr0ng"], "app:wr0ng", "", /NOPERM .*: ACL SETUSER <user> ~taskapp:\*/],
  [
    "no right to channels",
    ["on", ">wr0ng", "~*", "+@all", "resetchannels"],
    "app:wr0ng",
    "",
    /NOPERM .*: ACL SETUSER <user> ~taskapp:\* resetchannels &taskapp:\*/,
  ],
  ["no such database", ["on", ">wr0ng", "~*", "&*", "+@all"], "app:wr0ng", "/99", /no database/],
];

together("what cannot be used as it is named ends every command with one line and exit code 2", {
  ...Object.fromEntries(REFUSALS.map(([what, acl, user, path, line]) => [what, async () => {
    await using redis = await TestRedis.start();
    await redis.command("ACL", "SETUSER", "app", "reset", ...acl);
    const TASKAPP_BROKER = redis.url.replace("//", `//${user}@`) + path;
    await Promise.all([["serve", "--port", "0"], ["work"], ["call", "divide", "[1, 2]"]].map(
      async (args) => {
        const { code, stdout, stderr } = await Program.output(args, { TASKAPP_BROKER });
        assertEquals([code, stdout], [2, ""], stderr);
        assertMatch(stderr, /^error: Redis at redis:\/\/127\.0\.0\.1:\d+[^\n]*\n$/);
        assertMatch(stderr, line);
        assert(!stderr.includes("wr0ng"), stderr);
      },
    ));
  }])),
  "a Redis that wants a password and is given none ends every command likewise": async () => {
    await using redis = await TestRedis.start();
    await redis.command("CONFIG", "SET", "requirepass", "right");
    const env = { TASKAPP_BROKER: redis.url };
    for (const args of [["serve", "--port", "0"], ["work"], ["call", "divide", "[1, 2]"]]) {
      const { code, stderr } = await Program.output(args, env);
      assertEquals(code, 2);
      assertMatch(
        stderr,
        /^error: Redis at \S+ wants a password: [^\n]*redis:\/\/:PASSWORD@[^\n]*\n$/,
      );
    }
  },
});
