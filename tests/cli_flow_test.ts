import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import type { QueueInfo, Task } from "../jobs/wire.ts";
import { run } from "../main.ts";
import { taskapp } from "./command.ts";
import { STORES } from "./stores.ts";

/** A store with a broker, and the commands that talk to it. */
class Shell implements AsyncDisposable {
  private constructor(
    private readonly store: AsyncDisposable & { url: string },
    readonly broker: Broker,
  ) {}

  static async start(start: () => Promise<AsyncDisposable & { url: string }>): Promise<Shell> {
    const store = await start();
    return new Shell(store, connectBroker(store.url));
  }

  /** What a command prints; it must succeed and complain of nothing. */
  async ok(...args: string[]): Promise<string> {
    const { code, out, err } = await this.run(...args);
    assertEquals([code, err], [0, ""], args.join(" "));
    return out;
  }

  /** What a command complains of; it must end with this code. */
  async fails(expected: number, ...args: string[]): Promise<string> {
    const { code, err } = await this.run(...args);
    assertEquals(code, expected, err);
    return err;
  }

  run(...args: string[]) {
    return taskapp(...args, "-b", this.store.url);
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, "--json"));
  }

  /** Starts a task and answers its id. */
  async call(...args: string[]): Promise<string> {
    return (await this.ok("call", "divide", ...args)).trim();
  }

  /** Has the next task fail for good. */
  async fail(message: string): Promise<void> {
    const [claimed] = await this.broker.claim("w", ["default"], 1);
    assert(claimed);
    const error = { type: "TypeError", message, stack: null };
    const { id, token } = claimed;
    await this.broker.settle("w", [{ id, token, outcome: { state: "FAILURE", error } }]);
  }

  /** Answers a question of a command with no or yes. */
  async answering(yes: boolean, ...args: string[]) {
    let asked = "", out = "";
    const io = {
      out: (text: string) => out += text,
      err: (text: string) => asked += text,
      interactive: false,
      confirm(question: string) {
        asked += question;
        return yes;
      },
    };
    const code = await run([...args, "-b", this.store.url], io);
    return { code, out, asked };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.close();
    await this.store[Symbol.asyncDispose]();
  }
}

function onEachStore(name: string, test: (shell: Shell) => Promise<void>): void {
  for (const [kind, start] of Object.entries(STORES)) {
    Deno.test(`${kind}: ${name}`, async () => {
      await using shell = await Shell.start(start);
      await test(shell);
    });
  }
}

onEachStore("call can be unique, and says when it met an earlier call", async (shell) => {
  const id = await shell.call("[1, 2]", "--unique", "end", "--unique-key", "k");
  const again = await shell.run("call", "divide", "[3, 4]", "--unique", "5", "--unique-key", "k");
  assertEquals([again.code, again.out], [0, `${id}\n`]);
  assertMatch(again.err, /earlier call, and is PENDING\n$/);

  await shell.call("[1, 2]", "--concurrency-key", "a", "--concurrency-limit", "2");
  const [task] = await shell.json<Task[]>("task", "ls", "-n", "1");
  assertEquals([task?.concurrency_key, task?.concurrency_limit], ["a", 2]);
});

onEachStore("queues are listed, paused, resumed and limited", async (shell) => {
  await shell.call("[1, 2]");
  await shell.call("[1, 2]", "--countdown", "60");
  const limits = ["--rate-limit", "10/m", "--concurrency-limit", "3"];
  assertMatch(await shell.ok("queue", "limit", "default", ...limits), /default .* 10\/m {2}3\n$/);
  assertEquals(
    await shell.ok("queue", "pause", "default", "test-queue"),
    "Paused default, test-queue\n",
  );
  const queues = await shell.json<QueueInfo[]>("queue", "ls");
  const queue = queues.find(({ name }) => name === "default");
  assertEquals(queue, {
    name: "default",
    waiting: 1,
    scheduled: 1,
    active: 0,
    paused: true,
    rate_limit: "10/m",
    concurrency_limit: 3,
    oldest_wait_ms: queue?.oldest_wait_ms ?? 0,
    ended_per_minute: null,
  });
  await shell.ok("queue", "limit", "default", "--rate-limit", "none");
  assertMatch(await shell.ok("queue", "ls"), /default +1 +1 +0 +paused +3\n/);
  await shell.ok("queue", "resume", "default");
  assertMatch(await shell.ok("queue", "ls"), /default +1 +1 +0 +3\n/);
  await shell.ok("queue", "limit", "default", "--concurrency-limit", "none");
  assertMatch(await shell.ok("queue", "ls"), /default +1 +1 +0\n/);

  for (const action of ["pause", "resume", "limit"]) {
    const more = action === "limit" ? limits : [];
    const complaint = await shell.fails(2, "queue", action, "defualt", ...more);
    assertEquals(
      complaint,
      'error: No queue is named "defualt"; known queues: default, test-queue\n',
    );
  }
});

onEachStore("purge asks before it revokes what waits, unless it is told not to", async (shell) => {
  for (let i = 0; i < 3; i++) await shell.call("[1, 2]");
  await shell.call("[1, 2]", "--queue", "other");
  const complaint = await shell.fails(2, "purge", "-Q", "default");
  assertMatch(
    complaint,
    /^error: Revoke the 3 task\(s\) .* say --force: there is no terminal.*\n$/,
  );
  assertMatch(
    await shell.fails(2, "purge", "-Q", "default,defualt", "-f"),
    /No queue .* "defualt"/,
  );

  const no = await shell.answering(false, "purge", "-Q", "default");
  assertEquals([no.code, no.out], [1, ""]);
  assertEquals(no.asked, "Revoke the 3 task(s) that wait in default?");
  assertEquals((await shell.json<Task[]>("task", "ls", "--state", "PENDING")).length, 4);
  const yes = await shell.answering(true, "purge", "-Q", "default,default");
  assertEquals([yes.code, yes.out], [0, "Revoked 3 task(s)\n"]);
  assertEquals(await shell.ok("purge", "-Q", "other,default", "--force"), "Revoked 1 task(s)\n");
  assertEquals(await shell.json("task", "ls", "--state", "PENDING"), []);
});

onEachStore("tasks are listed, revoked, retried and forgotten", async (shell) => {
  const [first, second] = [
    await shell.call("[1, 0]"),
    await shell.call("[1, 2]", "--queue", "other"),
  ];
  const table = (await shell.ok("task", "ls")).split("\n");
  assertMatch(table[1] ?? "", new RegExp(`^${second} +divide +PENDING +other +2`));
  assertMatch(table[2] ?? "", new RegExp(`^${first} +divide +PENDING +default +2`));
  const list = async (...args: string[]) =>
    (await shell.json<Task[]>("task", "ls", ...args)).map((task) => task.task_id);
  assertEquals(await list("--queue", "other"), [second]);
  assertEquals(await list("--name", "webhook"), []);
  assertEquals(await list("-n", "1"), [second]);

  assertEquals(await shell.ok("task", "revoke", second), `Revoked ${second}\n`);
  const mixed = await shell.run("task", "revoke", second, "nobody", first);
  assertEquals([mixed.code, mixed.out], [1, `Revoked ${first}\n`]);
  assertEquals(mixed.err, `error: task ${second} is REVOKED\nerror: no task has the id nobody\n`);
  assertEquals(await list("--state", "REVOKED"), [first, second]);

  assertMatch(
    await shell.fails(2, "task", "retry", first, '["one"]'),
    /Invalid arguments for divide/,
  );
  assertEquals(await shell.ok("task", "retry", first, "[1, 4]"), `Runs again: ${first}\n`);
  const [claimed] = await shell.broker.claim("w", ["default"], 1);
  assertEquals(claimed?.args, "[1,4]");
  assertEquals(await list("--active"), [first]);
  assertEquals(await shell.fails(1, "task", "forget", first), `error: task ${first} is STARTED\n`);
  assertEquals(await shell.ok("task", "forget", second), `Forgot ${second}\n`);
  assertEquals(await list(), [first]);
});

onEachStore("a task's rate and times are limited, shown and lifted", async (shell) => {
  const limit = (...flags: string[]) => shell.ok("task", "limit", "divide", ...flags);
  assertMatch(await limit("--rate-limit", "10/m"), /\ndivide +default +10\/m +Divides/);
  assertMatch(await shell.ok("task", "types"), /\ndivide +default +10\/m +Divides/);
  assertMatch(
    await limit("--time-limit", "30", "--soft-time-limit", "0"),
    /\ndivide +default +10\/m +30 s +never +Divides/,
  );
  assertMatch(
    await shell.fails(2, "task", "limit", "divide", "--soft-time-limit", "30"),
    /soft_time_limit must be below time_limit, which is 30 s, not 30/,
  );
  const none = ["--rate-limit", "none", "--time-limit", "none", "--soft-time-limit", "none"];
  assertMatch(await limit(...none), /\ndivide +default +Divides/);
  assertMatch(
    await shell.fails(2, "task", "limit", "dvide", "--rate-limit", "1/s"),
    /Unknown task "dvide"/,
  );
});

onEachStore("tasks are found by what they are and when they came", async (shell) => {
  const first = await shell.call("[1, 2]");
  await shell.fail("host is away");
  const second = await shell.call("[3, 4]", "--queue", "other");
  const find = async (...options: string[]) =>
    (await shell.json<Task[]>("task", "ls", ...options)).map((task) => task.task_id);
  assertEquals(await find("--state", "pending,FAILURE", "--name", "divide"), [second, first]);
  assertEquals(await find("--worker", "w", "--error", "AWAY"), [first]);
  assertEquals(await find("--args", "[3,", "--since", "1h"), [second]);
  assertEquals(await find("--until", "1h"), []);
  assertEquals(await find("--since", new Date(Date.now() - 60_000).toISOString(), "--id", first), [
    first,
  ]);
  assertMatch(await shell.ok("task", "ls", "--text", "host"), /TypeError: host is away\n$/);
  assertEquals(await shell.json<Task[]>("dead", "ls", "--since", "5m", "--queue", "other"), []);
});

onEachStore("the dead are listed, replayed and forgotten", async (shell) => {
  const ids: string[] = [];
  for (const message of ["host is away", "no\nroute\x1b[2J", "host is away"]) {
    ids.push(await shell.call("[1, 2]"));
    await shell.fail(message);
  }
  const [first = "", second = "", third = ""] = ids;
  const table = await shell.ok("dead", "ls");
  const [last] = await shell.json<Task[]>("dead", "ls", "-n", "1");
  assertStringIncludes(table, last?.finished_at ?? "none", "when it failed: they are sorted by it");
  assertStringIncludes(table, "TypeError: no route [2J\n", "nothing that a terminal obeys");
  const listed = await shell.json<Task[]>("dead", "ls", "--error", "away");
  assertEquals(listed.map((task) => task.task_id), [third, first]);

  assertEquals(
    await shell.ok("dead", "replay", "--error", "away", "-n", "1"),
    "Replayed 1 task(s); there are more\n",
  );
  const mixed = await shell.run("dead", "replay", first, third, first);
  assertEquals([mixed.code, mixed.out], [1, "Replayed 1 task(s)\n"]);
  assertEquals(mixed.err, "error: 1 of the ids are of no dead task\n");
  assertEquals(
    await shell.fails(2, "dead", "replay", "-n", "5"),
    "error: say which: ids, or an option such as --name or --error, or --all for any\n",
  );
  assertEquals((await shell.json<Task[]>("dead", "ls")).length, 1);
  assertEquals(await shell.ok("dead", "replay", "--all"), "Replayed 1 task(s)\n");
  await shell.ok("task", "revoke", first, third);
  await shell.fail("no way");
  const no = await shell.answering(false, "dead", "forget");
  assertEquals([no.code, no.out, no.asked], [1, "", "Delete 1 dead task(s)?"]);
  assertEquals(await shell.ok("dead", "forget", "-f"), "Forgot 1 task(s)\n");
  assertEquals(
    await shell.fails(1, "task", "forget", second),
    `error: no task has the id ${second}\n`,
  );
  assertEquals(await shell.json("dead", "ls"), []);
});
