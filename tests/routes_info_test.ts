import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SettingInfo, SystemInfo } from "../jobs/wire.ts";
import { freePort } from "./ports.ts";
import { TestRedis } from "./redis.ts";
import { Program } from "./program.ts";
import { problem, TestApp } from "./routes_app.ts";
import { serve, TestSocket } from "./routes_socket.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";

async function system(t: TestApp): Promise<SystemInfo> {
  const response = await t.get("/system");
  assertEquals(response.status, 200);
  return await response.json();
}

for (const [kind, start] of Object.entries(STORES)) {
  Deno.test(`${kind}: GET /system says what the server and its broker are`, async () => {
    const settings = [{ variable: "TASKAPP_PORT", value: 8000, from: "default" }];
    await using t = TestApp.on(await start(), { settings });
    await t.task("divide", [1, 2]);
    const first = await system(t);
    assertEquals([first.version, first.deno], ["1.2.3", Deno.version.deno]);
    assertEquals([first.server.hostname, first.server.pid], [Deno.hostname(), Deno.pid]);
    assert(first.server.memory_mib > 10 && first.server.uptime_seconds >= 0);
    assert(Math.abs(Date.parse(first.started_at) + performance.now() - Date.now()) < 60_000);
    assertEquals(first.settings, settings);

    const { broker } = await system(t);
    assertEquals([broker.kind, broker.location], [kind.toLowerCase(), t.broker.location]);
    assertMatch(broker.version, /^\d+\.\d+\.\d+/);
    assert(broker.memory_bytes > 10_000);
    assertEquals(broker.memory_limit_bytes, null);
    assert(broker.round_trip_ms >= 0 && broker.round_trip_ms < 60_000);
    assert(broker.answered_ms_ago !== null && broker.answered_ms_ago >= 0);
    assert(Object.keys(broker.details).length >= 5);
    assert(
      Object.values(broker.details).every((text) => text !== "" && !/undefined|NaN/.test(text)),
    );
    if (kind === "Redis") assert((broker.keys ?? 0) > 3 && (broker.clients ?? 0) >= 1);
    else assertEquals([broker.keys, broker.clients], [null, null]);
  });
}

Deno.test("/system tells of Redis's limit, counts sockets, and is 503 while Redis is away", async () => {
  await using t = await TestApp.start();
  await t.redis.command("CONFIG", "SET", "maxmemory", "100mb");
  await using server = serve(t);
  assertEquals((await system(t)).server.sockets, 0);
  await using socket = await TestSocket.open(server, "/ws");
  await until(async () => (await system(t)).server.sockets === 1);
  assertEquals((await system(t)).broker.memory_limit_bytes, 100 * 1024 * 1024);
  socket.send({ topics: [] });
  await t.redis.down();
  await problem(await t.get("/system"), 503);
});

Deno.test("/system shows the settings of the process, and no password", async () => {
  const port = freePort();
  await using redis = await TestRedis.start();
  const url = redis.url.replace("//", "//default:s3cret@");
  await using _serve = Program.start(["serve", "--port", `${port}`, "--loglevel", "error"], {
    TASKAPP_BROKER: url,
    TASKAPP_RESULT_EXPIRES: "77",
    TASKAPP_MASK: "token,card_*",
  });
  let info: SystemInfo | undefined;
  await until(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/system`).catch(() => null);
    if (response?.ok) info = await response.json();
    else await response?.body?.cancel();
    return info !== undefined;
  });
  const setting = (name: string): SettingInfo | undefined =>
    info?.settings.find(({ variable }) => variable === `TASKAPP_${name}`);
  const [value, from] = [setting("BROKER")?.value, setting("BROKER")?.from];
  assertEquals([value, from], [url.replace("s3cret", "***"), "variable TASKAPP_BROKER"]);
  assertEquals(setting("PORT")?.from, "flag --port");
  assertEquals([setting("PORT")?.value, setting("RESULT_EXPIRES")?.value], [port, 77]);
  assertEquals(setting("HOST"), { variable: "TASKAPP_HOST", value: "127.0.0.1", from: "default" });
  assertEquals(setting("MASK")?.value, "token,card_*");
  assertEquals(setting("USERS_FILE")?.value, null);
  assertEquals(JSON.stringify(info).includes("s3cret"), false);
});
