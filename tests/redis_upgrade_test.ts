/** Redis holds what an earlier version left: its events were all in the list. */

import { assertEquals } from "@std/assert";
import type { Broker } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import type { State } from "../jobs/wire.ts";
import { newTask, settle, success } from "./broker_kit.ts";
import { TestRedis } from "./redis.ts";

const BODIES = {
  PENDING: '{"status":"PENDING","progress":0,"stage":null,"at":1050}',
  STARTED: '{"status":"STARTED","progress":0,"stage":null,"worker":"w","attempt":1,"at":1100}',
  PROGRESS: '{"status":"PROGRESS","progress":5,"stage":"s","at":1150}',
  LOG: '{"status":"STARTED","progress":0,"stage":null,"log":"line","at":1160}',
  RETRY:
    '{"status":"RETRY","progress":0,"stage":null,"runtime_ms":100,"eta":1300,"error":{"type":"E","message":"m","stack":null},"at":1200}',
  SUCCESS: '{"status":"SUCCESS","progress":100,"stage":null,"runtime_ms":100,"at":1200}',
  FAILURE:
    '{"status":"FAILURE","progress":0,"stage":null,"runtime_ms":100,"error":{"type":"E","message":"m","stack":null},"at":1200}',
};

/** Stores a task as it was stored, with the events from the second on; answers its id. */
async function left(
  redis: TestRedis,
  status: State,
  events: (keyof typeof BODIES)[],
  fields: Record<string, string> = {},
): Promise<string> {
  const { id } = newTask();
  const started = ["STARTED", "PROGRESS", "SUCCESS", "FAILURE"].includes(status)
    ? { worker: "w", started: "1100", deliveries: "1" }
    : {};
  const all = {
    ...{ status, name: "add", args: "[1,2]", queue: "default", created: "1000" },
    ...{ ...started, seq: `${events.length + 1}`, ...fields },
  };
  await redis.command("HSET", `taskapp:{0}:task:${id}`, ...Object.entries(all).flat());
  const bodies = events.map((event) => BODIES[event]);
  await redis.command("RPUSH", `taskapp:{0}:events:${id}`, ...bodies);
  return id;
}

async function told(broker: Broker, id: string): Promise<string[]> {
  const events = await broker.events(id, 0) ?? [];
  assertEquals(events.map(({ seq }) => seq), events.map((_, i) => i + 1));
  return events.map(({ status }) => status);
}

Deno.test("the events of an earlier version are read, and go on under their numbers", async () => {
  await using redis = await TestRedis.start();
  const broker = connectBroker(redis.url);
  try {
    const ended = { finished: "1200", result: "3" };
    const done = await left(redis, "SUCCESS", ["STARTED", "SUCCESS"], ended);
    assertEquals(await told(broker, done), ["PENDING", "STARTED", "SUCCESS"]);
    await broker.retry(done);
    assertEquals(await told(broker, done), ["PENDING", "STARTED", "SUCCESS", "PENDING"]);
    await broker.revoke(done);

    const logged = await left(redis, "SUCCESS", ["STARTED", "LOG", "SUCCESS"], ended);
    assertEquals(await told(broker, logged), ["PENDING", "STARTED", "STARTED", "SUCCESS"]);

    const error = '{"type":"E","message":"m","stack":null}';
    const failed = await left(redis, "FAILURE", ["STARTED", "FAILURE"], {
      finished: "1200",
      error,
    });
    assertEquals(await told(broker, failed), ["PENDING", "STARTED", "FAILURE"]);

    const running = await left(redis, "STARTED", ["STARTED"]);
    assertEquals(await told(broker, running), ["PENDING", "STARTED"]);
    await broker.report("w", [{ id: running, token: 1, log: "line" }]);
    assertEquals(await told(broker, running), ["PENDING", "STARTED", "STARTED"]);
    await broker.revoke(running);
    assertEquals(await told(broker, running), ["PENDING", "STARTED", "STARTED", "REVOKED"]);

    const progressed = await left(redis, "PROGRESS", ["STARTED", "PROGRESS"], { progress: "5" });
    assertEquals(await told(broker, progressed), ["PENDING", "STARTED", "PROGRESS"]);
    await broker.revoke(progressed);
    assertEquals(await told(broker, progressed), ["PENDING", "STARTED", "PROGRESS", "REVOKED"]);

    const handedBack = await left(redis, "PENDING", ["STARTED", "PENDING"], { deliveries: "1" });
    await redis.command("RPUSH", "taskapp:{0}:queue:default:normal", handedBack);
    const [claimed] = await broker.claim("v", ["default"], 1);
    assertEquals([claimed?.id, claimed?.token], [handedBack, 2]);
    if (claimed) await settle(broker, claimed, success, "v");
    const whole = ["PENDING", "STARTED", "PENDING", "STARTED", "SUCCESS"];
    assertEquals(await told(broker, handedBack), whole);

    const retried = await left(redis, "RETRY", ["STARTED", "RETRY"], { eta: "1300", retries: "1" });
    await redis.command("ZADD", "taskapp:{0}:scheduled", "1300", retried);
    await broker.promote();
    assertEquals(await told(broker, retried), ["PENDING", "STARTED", "RETRY", "PENDING"]);
  } finally {
    await broker.close();
  }
});
