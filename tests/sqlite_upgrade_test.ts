/** Files that an earlier version has written. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { BrokerRefusedError } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import firstSchema from "../jobs/sqlite/schema.sql" with { type: "text" };
import secondSchema from "../jobs/sqlite/schema_2.sql" with { type: "text" };
import { Program } from "./program.ts";
import { startSqlite } from "./stores.ts";

const HOUR = 3_600_000;

/** Tasks in all states, as version 1 of the schema has them: `name` is the state, or what it waits for. */
function writeFirstVersion(file: string): void {
  const now = Date.now();
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL; BEGIN; ${firstSchema}`);
  db.exec("PRAGMA application_id = 1952543595; PRAGMA user_version = 1");
  const insert = db.prepare(
    `INSERT INTO tasks (n, id, name, args, queue, priority, status, place, position, due, seq,
       max_retries, deliveries, created, ready, eta, expires, started, finished, worker, result,
       error, kept_until)
     VALUES (?1, ?2, ?2, '[1,2]', ?3, ?4, ?5, ?1, ?1, ?6, 1, 3, ?7, ?8, ?8, ?6, ?9, ?10, ?11, ?12,
       ?13, ?14, ?15)`,
  );
  const error = JSON.stringify({ type: "TypeError", message: "no", stack: null });
  const rows: [string, string, number, string, Partial<Record<string, string | number>>?][] = [
    ["low", "default", 2, "PENDING"],
    ["normal", "default", 1, "PENDING"],
    ["high", "default", 0, "PENDING"],
    ["expired", "other", 1, "PENDING", { expires: now - 1000 }],
    ["delayed", "other", 1, "PENDING", { due: now + HOUR }],
    ["retry", "default", 1, "RETRY", { due: now - 1000, error }],
    ["started", "default", 1, "STARTED", { deliveries: 1, started: now, worker: "w" }],
    ["progress", "other", 1, "PROGRESS", { deliveries: 1, started: now, worker: "w" }],
    ["success", "default", 1, "SUCCESS", { finished: now, result: "3", kept_until: now + HOUR }],
    ["failure", "default", 1, "FAILURE", { finished: now, error, kept_until: now + HOUR }],
    ["revoked", "default", 1, "REVOKED", { finished: now, error, kept_until: now + HOUR }],
  ];
  rows.forEach(([name, queue, priority, status, more = {}], i) => {
    const rest = ["expires", "started", "finished", "worker", "result", "error", "kept_until"]
      .map((column) => more[column] ?? null);
    const { due = null, deliveries = 0 } = more;
    insert.run(i + 1, name, queue, priority, status, due, deliveries, now, ...rest);
  });
  db.exec("INSERT INTO queues (name) VALUES ('default'), ('other'), ('empty')");
  db.exec(`INSERT INTO workers (name, lease_until) VALUES ('w', ${now + HOUR})`);
  db.exec(
    "INSERT INTO stats VALUES ('outcome SUCCESS default add', 4), ('run 3 add', 4), ('run ms add', 9)",
  );
  db.exec("INSERT INTO events VALUES (12, 3, 2, '{}'); UPDATE state SET counter = 12; COMMIT");
  db.close();
}

Deno.test("a file of the first version is brought up to date, and goes on with all it holds", async () => {
  await using store = await startSqlite();
  writeFirstVersion(store.file);
  const broker = connectBroker(store.url);
  const counted = async () =>
    (await broker.queues()).map(({ name, waiting, scheduled, active }) => [
      name,
      waiting,
      scheduled,
      active,
    ]);
  assertEquals(await counted(), [["default", 3, 1, 1], ["empty", 0, 0, 0], ["other", 1, 1, 1]]);
  const { outcomes, run_time } = await broker.stats();
  assertEquals([outcomes.map(({ count }) => count), run_time], [[4], []], "other buckets");
  const seen = await broker.get("high");
  assertEquals([seen?.dead, seen?.on_lost, seen?.concurrency_key, seen?.rate_limit], [
    false,
    "requeue",
    null,
    null,
  ]);
  assertEquals((await broker.get("failure"))?.dead, true);
  await broker.promote();
  assertEquals((await broker.get("expired"))?.error?.message, "expired");
  const outcome = { state: "SUCCESS", result: "1" } as const;
  const running = ["started", "progress"].map((id) => ({ id, token: 1, outcome }));
  assertEquals(await broker.settle("w", running), [true, true]);
  const claimed = await broker.claim("v", ["default"], 9);
  assertEquals(claimed.map(({ id }) => id), ["high", "normal", "retry", "low"]);
  await broker.leave("v");
  assertEquals((await broker.retry("failure"))?.done, true);
  assertEquals(await counted(), [["default", 5, 0, 0], ["empty", 0, 0, 0], ["other", 0, 1, 0]]);
  await broker.close();
});

Deno.test("a file of the second version gets what the third adds, and keeps its tasks", async () => {
  await using store = await startSqlite();
  writeFirstVersion(store.file);
  const db = new DatabaseSync(store.file);
  db.exec(`BEGIN; ${secondSchema}; PRAGMA user_version = 2; COMMIT`);
  db.close();
  const broker = connectBroker(store.url);
  assertEquals((await broker.get("high"))?.status, "PENDING");
  assertEquals(await broker.access.read(null), { revision: 0, records: new Map() });
  assertEquals(await broker.access.put("user a", "{}", null), "stored");
  await broker.close();
});

Deno.test("of several processes that open an old file at once, one brings it up to date", async () => {
  await using store = await startSqlite();
  writeFirstVersion(store.file);
  const calls = await Promise.all(
    Array.from(
      { length: 4 },
      () => Program.output(["call", "divide", "[1,2]", "-b", store.url], {}, store.cwd),
    ),
  );
  for (const { code, stderr } of calls) assertEquals([code, stderr], [0, ""]);
  const broker = connectBroker(store.url);
  assertEquals((await broker.queues()).map(({ waiting }) => waiting), [7, 0, 1]);
  await broker.close();
});

Deno.test("an old file that an older process has open is left as it is", async () => {
  await using store = await startSqlite();
  writeFirstVersion(store.file);
  const peer = Deno.openSync(`${store.file}-peer-old`, { write: true, createNew: true });
  peer.lockSync(true); // as each process does that has the file open
  const write = (sql: string) => {
    const db = new DatabaseSync(store.file);
    db.exec(sql);
    db.close();
  };
  write("INSERT INTO peers VALUES ('old')");
  const { message } = assertThrows(() => connectBroker(store.url), BrokerRefusedError);
  assertMatch(message, /is in use by an older version of taskapp: stop its serve, work and dev/);
  write("UPDATE queues SET turns = turns"); // nothing holds it
  peer.close();
  const broker = connectBroker(store.url);
  assert((await broker.queues()).length > 0);
  await broker.close();
});
