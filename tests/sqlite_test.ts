/** What only a store in a file has to do. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { BrokerRefusedError, BrokerUnavailableError } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import { Database } from "../jobs/sqlite/database.ts";
import { divide } from "../jobs/tasks/divide.ts";
import { startSqlite } from "./stores.ts";
import { until } from "./until.ts";

function refusal(file: string): string {
  return assertThrows(() => connectBroker(`sqlite:${file}`), BrokerRefusedError).message;
}

function write(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

Deno.test("a file that is not ours is refused in one line, and left as it is", async () => {
  const cases: [make: (file: string) => void, says: RegExp][] = [
    [(file) => Deno.writeTextFileSync(file, "name,age\n".repeat(1000)), /is not a SQLite database/],
    [(file) => write(file, "CREATE TABLE songs (title TEXT)"), /of another program/],
    [
      (file) =>
        write(
          file,
          "PRAGMA application_id = 1952543595; PRAGMA user_version = 999; CREATE TABLE x (y)",
        ),
      /newer version/,
    ],
  ];
  for (const [make, says] of cases) {
    await using store = await startSqlite();
    make(store.file);
    const before = Deno.readFileSync(store.file);
    const message = refusal(store.file);
    assertMatch(message, says);
    assertEquals(message.split("\n").length, 1);
    assertEquals(Deno.readFileSync(store.file), before);
    assertEquals([...Deno.readDirSync(store.cwd)].length, 1);
  }
});

Deno.test("a folder that is not there or takes no files is named", () => {
  for (const file of ["/nowhere/at/all.db", "/proc/taskapp.db"]) {
    assertMatch(
      refusal(file),
      /cannot be opened for writing: see that it is a file, that \/\S+ exists/,
    );
  }
});

Deno.test("a database is closed when what was written is on the disk", async () => {
  await using store = await startSqlite();
  const database = new Database(store.file);
  await database.write(() => {});
  // To be synced the log is opened: here that takes until somebody reads from it.
  const wal = `${store.file}-wal`;
  await Deno.rename(wal, `${store.file}-log`);
  const { success } = await new Deno.Command("mkfifo", { args: [wal] }).output();
  assert(success);
  await sleep(1200); // by then it is being done
  let isClosed = false;
  const closing = database.close().then(() => isClosed = true);
  await sleep(100);
  assertEquals(isClosed, false);
  (await Deno.open(wal)).close();
  await closing;
});

Deno.test("a change waits for its turn while reading goes on, but not for ever", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  await broker.enqueue([await divide.prepare([1, 2])]);
  const other = new DatabaseSync(store.file);
  other.exec("BEGIN IMMEDIATE");
  const waiting = broker.enqueue([await divide.prepare([1, 2])]);
  await broker.ping(); // reading goes on
  other.exec("ROLLBACK");
  assertEquals((await waiting).length, 1);
  other.exec("BEGIN IMMEDIATE");
  await assertRejects(
    async () => await broker.enqueue([await divide.prepare([1, 2])]),
    BrokerUnavailableError,
    "locked",
  );
  other.close();
  assertEquals((await broker.enqueue([await divide.prepare([1, 2])])).length, 1);
  await broker.close();
});

Deno.test("what has expired leaves the file", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url, { resultExpires: 0 });
  const tasks = await Promise.all(Array.from({ length: 3 }, () => divide.prepare([1, 2])));
  await broker.enqueue(tasks);
  const claimed = await broker.claim("w", ["default"], 3);
  const outcome = { state: "SUCCESS", result: "0.5" } as const;
  await broker.settle("w", claimed.map((claim) => ({ ...claim, outcome })));
  const count = (table: string) => {
    const db = new DatabaseSync(store.file);
    const row = db.prepare(`SELECT count(*) AS count FROM ${table}`).get();
    db.close();
    return Number(row?.["count"]);
  };
  assertEquals([count("tasks"), count("events")], [3, 6]);
  // As if the time in which a reader may still want them were over.
  write(store.file, "UPDATE tasks SET kept_until = kept_until - 20000");
  await until(async () => {
    await broker.reap();
    return count("tasks") + count("events") === 0;
  });
  await broker.close();
});

Deno.test("an open broker leaves nothing but the database behind", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  const subscription = await broker.subscribe({ onEvents: () => {}, onGap: () => {} });
  await subscription.close();
  await broker.close();
  assertEquals([...Deno.readDirSync(store.cwd)].map(({ name }) => name), ["taskapp.db"]);
});

/** A file system that is soon full; null where this user may not make one. */
async function smallDisk(dir: string): Promise<AsyncDisposable | null> {
  const run = async (program: string, ...args: string[]) => {
    try {
      return (await new Deno.Command(program, { args, stderr: "null" }).output()).success;
    } catch {
      return false;
    }
  };
  if (!await run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir)) return null;
  return { [Symbol.asyncDispose]: async () => void await run("umount", dir) };
}

Deno.test("a full disk is said, and loses nothing that was accepted", async () => {
  await using store = await startSqlite();
  await using disk = await smallDisk(store.cwd);
  if (!disk) return console.warn("Not tested: only root may make a small file system");
  const broker = connectBroker(store.url);
  const text = "x".repeat(10_000);
  let accepted = 0;
  const error = await assertRejects(async () => {
    while (true) {
      await broker.enqueue([{ ...await divide.prepare([1, 2]), args: JSON.stringify(text) }]);
      accepted++;
    }
  }, BrokerUnavailableError);
  assertMatch(error.message, /^The database \S+ cannot be used: database or disk is full$/);
  assert(accepted > 0);
  assertEquals((await broker.queues()).map(({ waiting }) => waiting), [accepted]);
  await broker.close();
  const again = connectBroker(store.url);
  assertEquals((await again.queues()).map(({ waiting }) => waiting), [accepted]);
  await again.close();
});

Deno.test("a link and a damaged file are refused with what would be right", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  await broker.enqueue(await Promise.all(Array.from({ length: 50 }, () => divide.prepare([1, 2]))));
  await broker.close();
  Deno.symlinkSync(store.file, `${store.cwd}/link.db`);
  assertMatch(refusal(`${store.cwd}/link.db`), /is a link: name the file that it leads to/);
  Deno.truncateSync(store.file, 5000);
  assertMatch(refusal(store.file), /is damaged: restore a backup of it/);
});

Deno.test("a database that is removed while it is open is said, and accepts nothing more", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  const subscription = await broker.subscribe({ onEvents: () => {}, onGap: () => {} });
  for (const { name } of Deno.readDirSync(store.cwd)) Deno.removeSync(`${store.cwd}/${name}`);
  const task = await divide.prepare([1, 2]);
  await until(() => broker.enqueue([task]).then(() => false, () => true));
  const error = await assertRejects(() => broker.enqueue([task]), BrokerUnavailableError);
  assertMatch(error.message, /was removed or replaced under us: restart this process/);
  await subscription.close();
  await broker.close();
});

Deno.test("a living worker whose mailbox was deleted keeps its tasks, and is heard of again", async () => {
  await using store = await startSqlite();
  const worker = connectBroker(store.url);
  const other = connectBroker(store.url);
  let ready = 0;
  const attendance = await worker.attend("w", {
    onReady: () => ready++,
    onSchedule: () => {},
    onRevoked: () => {},
    onCommand: () => {},
    onReconnected: () => {},
  });
  await other.enqueue([await divide.prepare([1, 2])]);
  assertEquals((await worker.claim("w", ["default"], 1)).length, 1);
  const mailboxes = () =>
    [...Deno.readDirSync(store.cwd)].map(({ name }) => name)
      .filter((name) => name.includes("-peer-"));
  const [first] = mailboxes();
  Deno.removeSync(`${store.cwd}/${first}`);
  await until(() => mailboxes().length === 1 && mailboxes()[0] !== first);
  for (let i = 0; i < 30; i++) {
    assertEquals(await other.reap(), 0);
    await sleep(50);
  }
  const before = ready;
  await other.enqueue([await divide.prepare([1, 2])]);
  await until(() => ready > before);
  await attendance.close();
  await Promise.all([worker.close(), other.close()]);
});

Deno.test("one listener's mistake does not keep events from another, nor closing a program from ending", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(store.url);
  let heard = 0;
  const subscriptions = await Promise.all([
    broker.subscribe({
      onEvents: () => {
        throw new Error("a mistake");
      },
      onGap: () => {},
    }),
    broker.subscribe({ onEvents: (events) => void (heard += events.length), onGap: () => {} }),
  ]);
  await broker.enqueue([await divide.prepare([1, 2])]);
  await until(() => heard === 1);
  for (const subscription of subscriptions) await subscription.close();
  await broker.close();
  const closing = connectBroker(store.url);
  const joining = closing.subscribe({ onEvents: () => {}, onGap: () => {} }).catch(() => {});
  await closing.close();
  await joining;
  assertEquals([...Deno.readDirSync(store.cwd)].map(({ name }) => name), ["taskapp.db"]);
});

Deno.test("mailboxes that were left behind are removed, but not those that may be in use", async () => {
  await using store = await startSqlite();
  const longAgo = new Date(Date.now() - 3_600_000);
  for (const name of ["old", "new"]) Deno.writeTextFileSync(`${store.file}-peer-${name}`, "");
  Deno.utimeSync(`${store.file}-peer-old`, longAgo, longAgo);
  const broker = connectBroker(store.url);
  await (await broker.subscribe({ onEvents: () => {}, onGap: () => {} })).close();
  await broker.close();
  assertEquals([...Deno.readDirSync(store.cwd)].map(({ name }) => name).sort(), [
    "taskapp.db",
    "taskapp.db-peer-new",
  ]);
});

Deno.test("users outside the group cannot read the file, which has what sessions are signed with", async () => {
  await using store = await startSqlite();
  const broker = connectBroker(`sqlite:${store.file}`);
  await broker.access.put("secret", "x", null);
  for (const file of [store.file, `${store.file}-wal`, `${store.file}-shm`]) {
    assertEquals((Deno.statSync(file).mode ?? 0) & 0o007, 0, file);
  }
  await broker.close();
});
