/** What the program says and does while its broker is away or will not have it, by its real log. */

import { assert, assertEquals, assertExists, assertMatch } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBroker } from "../jobs/connect.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { Program } from "./program.ts";
import { freePort, TestRedis } from "./redis.ts";
import { until } from "./until.ts";

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
      const response = await fetch(`http://127.0.0.1:${this.#port}/readyz`);
      await response.body?.cancel();
      return response.status;
    } catch {
      return 0;
    }
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
    await until(async () => (await broker.get(task.id))?.status === "SUCCESS");
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
  // As the first test of all it waits for Deno to fill its caches.
  await until(async () => await server.ready() === 503, 60_000);
  await sleep(2000); // several turns of every duty
  for (let outage = 1; outage <= 2; outage++) {
    await redis.up();
    await until(async () => await server.ready() === 200);
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
    assert(stopped.ms < 2000, `nothing was held, and it took ${stopped.ms} ms`);
  }
});

Deno.test("TERM and INT end a program at once that has never seen its Redis", async () => {
  const url = `redis://127.0.0.1:${freePort()}`;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    for (const command of ["serve", "work"]) {
      await using program = Program.start([command, "--loglevel", "error"], {
        TASKAPP_BROKER: url,
        TASKAPP_PORT: `${freePort()}`,
      });
      await sleep(1000); // while it still asks whether the broker can be used
      const started = performance.now();
      assertEquals(await program.kill(signal), 0, `${command} ${signal}`);
      assert(performance.now() - started < 2000, `${command} ${signal}`);
    }
  }
});

Deno.test("a worker that ends while Redis is away tells its results if that comes back in time", async () => {
  await using redis = await TestRedis.start({ durable: true });
  const broker = connectBroker(redis.url);
  await using worker = new Running("work", redis.url);
  const task = await createTask.prepare([3]);
  await broker.enqueue([task]);
  await until(async () => (await broker.get(task.id))?.status === "PROGRESS");
  await redis.down();
  await sleep(4500); // it ends, and cannot say so
  const stopping = worker.stop();
  await sleep(1500);
  await redis.up();
  assertEquals((await stopping).code, 0);
  await until(() => broker.ping().then(() => true, () => false));
  const ended = await broker.get(task.id);
  assertEquals([ended?.status, ended?.deliveries], ["SUCCESS", 1]);
  await broker.close();
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
    /NOPERM .*: ACL SETUSER <user> ~taskapp:\* &taskapp:\*/,
  ],
  ["no such database", ["on", ">wr0ng", "~*", "&*", "+@all"], "app:wr0ng", "/99", /no database/],
];

for (const [what, acl, user, path, line] of REFUSALS) {
  Deno.test(`${what} ends every command with one line and exit code 2`, async () => {
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
  });
}

Deno.test("a Redis that wants a password and is given none ends every command likewise", async () => {
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
});

Deno.test("a password that changes under a running program is said once, and waited for", async () => {
  await using redis = await TestRedis.start();
  const user = (password: string) =>
    redis.command("ACL", "SETUSER", "app", "reset", "on", `>${password}`, "~*", "&*", "+@all");
  await user("old");
  const url = redis.url.replace("//", "//app:old@");
  await using server = new Running("serve", url);
  await using worker = new Running("work", url);
  await until(async () => await server.ready() === 200);
  await runOn(redis.url);
  await user("new");
  await redis.command("CLIENT", "KILL", "USER", "app");
  await until(async () => await server.ready() === 503);
  await sleep(2500);
  await user("old");
  await until(async () => await server.ready() === 200);
  await runOn(redis.url);
  for (const { code, log } of await Promise.all([server.stop(), worker.stop()])) {
    assertEquals(code, 0);
    assertLog(log, [
      /^warning: Redis at \S+ does not accept this user name and password: .*; trying again$/,
      /^info: Redis at \S+ is back$/,
    ]);
  }
});

Deno.test("a Redis that is full is said once, and so is that it no longer is", async () => {
  await using redis = await TestRedis.start();
  await using server = new Running("serve", redis.url);
  await until(async () => await server.ready() === 200);
  await redis.command("CONFIG", "SET", "maxmemory", "1");
  await sleep(3000);
  await redis.command("CONFIG", "SET", "maxmemory", "0");
  await sleep(7000);
  assertLog((await server.stop()).log, [
    /^warning: Redis at \S+ does not serve us: OOM .*; trying again$/,
    /^info: Redis at \S+ is back$/,
  ]);
});

Deno.test("a Redis that becomes a replica is said once, and used again when it is a master", async () => {
  await using redis = await TestRedis.start();
  await using server = new Running("serve", redis.url);
  await until(async () => await server.ready() === 200);
  await redis.command("REPLICAOF", "127.0.0.1", "1");
  await until(async () => await server.ready() === 503);
  await sleep(2500);
  await redis.command("REPLICAOF", "NO", "ONE");
  await until(async () => await server.ready() === 200);
  assertLog((await server.stop()).log, [
    /^warning: Redis at \S+ does not serve us: READONLY .*; trying again$/,
    /^info: Redis at \S+ is back$/,
  ]);
});

Deno.test("the rights that a refusal names are enough", async () => {
  const [, , , , line] = REFUSALS.find(([what]) => what === "no rights") ?? [];
  assertExists(line);
  await using redis = await TestRedis.start();
  await redis.command("ACL", "SETUSER", "app", "on", ">right");
  const url = redis.url.replace("//", "//app:right@");
  const refused = await Program.output(["call", "divide", "[1, 2]"], { TASKAPP_BROKER: url });
  const [, rights = ""] = /<user> (.*) is enough/.exec(refused.stderr) ?? [];
  await redis.command("ACL", "SETUSER", "app", ...rights.split(" "));
  await using worker = new Running("work", url, { TASKAPP_LOGLEVEL: "debug" });
  await runOn(url);
  const { log } = await worker.stop();
  assertEquals(log.filter((text) => /NOPERM|Cannot ask/.test(text)), []);
});

Deno.test("an error that is no outage is still logged", async () => {
  await using redis = await TestRedis.start();
  await redis.command("SET", "taskapp:{0}:scheduled", "not a sorted set");
  await using worker = new Running("work", redis.url);
  await sleep(4000);
  const { log } = await worker.stop();
  assertLog(log, [/^warning: promote failed, trying again: .*WRONGTYPE/]);
});
