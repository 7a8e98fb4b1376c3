/** A server and a worker on a Redis that Sentinel fails over, with real processes. */

import { assert, assertEquals, assertExists, assertMatch } from "@std/assert";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { isReady } from "../jobs/wire.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { MASTER, TestSentinel, TestSentinels } from "./sentinels.ts";
import { together } from "./together.ts";
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

/** A Redis with a replica and sentinels; a server and a worker that know the sentinels only. */
class Site implements AsyncDisposable {
  private constructor(
    readonly sentinels: TestSentinels,
    private readonly port: number,
    private readonly programs: Program[],
    private readonly broker: Broker,
  ) {}

  static async start(): Promise<Site> {
    const sentinels = await TestSentinels.start();
    const port = freePort();
    const programs = [["serve", "--port", `${port}`], ["work", "-c", "2"]]
      .map((args) => Program.start(args, { TASKAPP_BROKER: sentinels.url }));
    const broker = connectBroker(sentinels.url);
    const site = new Site(sentinels, port, programs, broker);
    await until(() => site.isServing(), 60_000);
    await until(async () => (await broker.workers()).length === 1, 60_000);
    return site;
  }

  /** Has Sentinel choose the replica, and sees that all goes on there. */
  async change(bring: () => unknown): Promise<void> {
    const { sentinels: { redises: [, to] }, broker } = this;
    const has = async (id: string) => await to.command("EXISTS", `taskapp:{0}:task:${id}`) === "1";
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await enqueue(broker, 0.3));
    await until(async () => (await broker.get(ids[0] ?? ""))?.status === "PROGRESS");
    for (const id of ids) await until(() => has(id));
    await bring();
    await until(async () => await this.sentinels.master() === to);
    const promoted = performance.now();
    await until(async () => {
      const id = await enqueue(broker, 0).catch(() => undefined);
      if (id === undefined || !await has(id)) return false; // the former master may have taken it
      ids.push(id);
      return await this.isServing();
    }, RECOVERY_MS);
    const areEnded = async () => (await Promise.all(ids.map((id) => isEnded(broker, id))));
    await until(async () => (await areEnded()).every(Boolean));
    const ms = performance.now() - promoted;
    assert(ms < RECOVERY_MS, `all has ended ${ms} ms after the promotion`);
    for (const id of ids) {
      const task = await broker.get(id);
      assertExists(task);
      assertEquals(task.status, "SUCCESS");
      const ends = (await broker.events(id, 0) ?? []).filter(({ status }) => isReady(status));
      assertEquals(ends.length, 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.close();
    for (const program of this.programs) await program[Symbol.asyncDispose]();
    await this.sentinels[Symbol.asyncDispose]();
  }

  private async isServing(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/readyz`);
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}

/** The second Redis becomes the master, with all that had reached it; server and worker follow. */
together("Sentinel: within 10 s of a promotion all goes on, and nothing that was copied is lost", {
  "the master is killed, and comes back": async () => {
    await using site = await Site.start();
    const [old] = site.sentinels.redises;
    await site.change(() => old.down());
    await old.up(); // takes itself for the master, until a sentinel tells it
    const isReplica = async () =>
      /role:slave[^]*master_link_status:up/.test(await old.command("INFO").catch(() => ""));
    await until(isReplica);
    assert(!/cmdstat_eval/.test(await old.command("INFO", "commandstats")), "nobody wrote to it");
  },
  "the master hangs": async () => {
    await using site = await Site.start();
    const [old] = site.sentinels.redises;
    await site.change(() => old.freeze());
  },
  "the master is told nothing and keeps its clients, as if it were cut off": async () => {
    await using site = await Site.start();
    const [old] = site.sentinels.redises;
    await old.command("ACL", "SETUSER", "default", "-slaveof", "-replicaof", "-client|kill");
    await site.change(() => site.sentinels.failOver());
    assertMatch(await old.command("INFO", "replication"), /role:master/);
  },
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
  const swapped: [url: string, line: RegExp][] = [
    [`redis://:s3cret2@127.0.0.1:${sentinel.port}`, /is it a sentinel\? .*redis-sentinel:/],
    [`redis-sentinel://127.0.0.1:${redis.port}?master=m`, /no sentinel is: name a Redis itself/],
  ];
  for (const [TASKAPP_BROKER, line] of swapped) {
    const { code, stderr } = await Program.output(["call", "divide", "[1, 2]"], { TASKAPP_BROKER });
    assertEquals(code, 2, stderr);
    assertMatch(stderr, line);
  }
  const { code, stderr } = await call("app:s3cret", `master=${MASTER}&${login}`);
  assertEquals(code, 0, stderr);
});
