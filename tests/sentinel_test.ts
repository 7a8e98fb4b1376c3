/** A server and a worker on a Redis that Sentinel fails over, with real processes. */

import { assert, assertEquals, assertExists, assertMatch } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { isReady } from "../jobs/wire.ts";
import { Program } from "./program.ts";
import { freePort, TestRedis } from "./redis.ts";
import { MASTER, TestSentinel, TestSentinels } from "./sentinels.ts";
import { until } from "./until.ts";

const RECOVERY_MS = 10_000;

async function enqueue(broker: Broker, seconds: number): Promise<string> {
  const task = await longRunningTask.prepare([seconds]);
  await broker.enqueue([task]);
  return task.id;
}

async function isEnded(broker: Broker, id: string): Promise<boolean> {
  const task = await broker.get(id).catch(() => null);
  return task !== null && isReady(task.status);
}

Deno.test("Sentinel: server and workers follow the master, and nothing that it had copied is lost", async () => {
  await using sentinels = await TestSentinels.start();
  const [first, second] = sentinels.redises;
  const env = { TASKAPP_BROKER: sentinels.url };
  const port = freePort();
  await using server = Program.startPiped(["serve", "--port", `${port}`], env);
  await using _worker = Program.start(["work", "-c", "2"], env);
  const broker = connectBroker(sentinels.url);
  const isServing = () =>
    fetch(`http://127.0.0.1:${port}/readyz`)
      .then(async (response) => (await response.body?.cancel(), response.ok), () => false);
  await until(async () => await isServing() && (await broker.workers()).length === 1, 60_000);

  /** Has Sentinel choose the other one, and sees that all goes on there. */
  async function change(to: TestRedis, bring: () => unknown): Promise<void> {
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await enqueue(broker, 0.3));
    await until(async () => (await broker.get(ids[0] ?? ""))?.status === "PROGRESS");
    const has = async (id: string) => await to.command("EXISTS", `taskapp:{0}:task:${id}`) === "1";
    for (const id of ids) await until(() => has(id));
    await bring();
    await until(async () => await sentinels.master() === to, 30_000);
    const promoted = performance.now();
    await until(async () => {
      const id = await enqueue(broker, 0).catch(() => undefined);
      if (id === undefined || !await has(id)) return false; // a former master may have taken it
      ids.push(id);
      return await isServing();
    }, RECOVERY_MS);
    await until(async () =>
      (await Promise.all(ids.map((id) => isEnded(broker, id)))).every(Boolean)
    );
    assert(
      performance.now() - promoted < RECOVERY_MS,
      "all has ended within 10 s of the promotion",
    );
    for (const id of ids) {
      const task = await broker.get(id);
      assertExists(task);
      assertEquals(task.status, "SUCCESS");
      const ends = (await broker.events(id, 0) ?? []).filter(({ status }) => isReady(status));
      assertEquals(ends.length, 1);
    }
  }

  await change(second, () => first.down());

  await first.up(); // takes itself for the master, until a sentinel tells it
  const isReplica = async (redis: TestRedis) =>
    /role:slave[^]*master_link_status:up/.test(await redis.command("INFO").catch(() => ""));
  await until(() => isReplica(first), 30_000);
  assert(!/cmdstat_eval/.test(await first.command("INFO", "commandstats")), "nobody wrote to it");

  await change(first, async () => {
    second.freeze();
    await sleep(100);
  });
  second.thaw();
  await until(() => isReplica(second), 30_000);

  // One that is told nothing, and keeps its clients, is left all the same.
  await first.command("ACL", "SETUSER", "default", "-slaveof", "-replicaof", "-client|kill");
  await change(second, () => sentinels.failOver());
  assertMatch(await first.command("INFO", "replication"), /role:master/);

  await broker.close();
  const { code, stderr } = await server.stop();
  assertEquals(code, 0, stderr);
});

Deno.test("Sentinel: what it will not do is one line and exit code 2, and it may want a password", async () => {
  await using redis = await TestRedis.start();
  await redis.command("ACL", "SETUSER", "app", "on", ">s3cret", "~*", "&*", "+@all");
  await using sentinel = await TestSentinel.start(redis.port, ["port PORT", "requirepass s3cret2"]);
  const call = (user: string, parameters: string) => {
    // The first of them is not there, which is no harm.
    const hosts = `127.0.0.1:${freePort()},127.0.0.1:${sentinel.port}`;
    const TASKAPP_BROKER = `redis-sentinel://${user}@${hosts}?${parameters}`;
    return Program.output(["call", "divide", "[1, 2]"], { TASKAPP_BROKER });
  };
  await until(async () => (await sentinel.ask("PING")).includes("NOAUTH"));
  const login = "sentinel_password=s3cret2";
  const wrong: [user: string, parameters: string, line: RegExp][] = [
    ["app:s3cret", `master=${MASTER}`, /sentinels that want a password: .*&sentinel_password=/],
    [
      "app:s3cret",
      `master=${MASTER}&sentinel_password=no`,
      /sentinels that do not accept the user/,
    ],
    ["app:s3cret", `master=other&${login}`, /sentinels that know no master named "other"/],
    ["app:wrong", `master=${MASTER}&${login}`, /does not accept this user name and password/],
  ];
  await Promise.all(wrong.map(async ([user, parameters, line]) => {
    const { code, stderr } = await call(user, parameters);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, /^error: Redis at redis-sentinel:\/\/127[^\n]*\n$/);
    assertMatch(stderr, line);
    assert(!stderr.includes("s3cret"), stderr);
  }));
  const { code, stderr } = await call("app:s3cret", `master=${MASTER}&${login}`);
  assertEquals(code, 0, stderr);
});
