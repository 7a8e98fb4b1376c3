/** What may be in a database file when all is quiet. */

import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ownerOf } from "../../jobs/sqlite/mailbox.ts";
import type { Kept, Look } from "./store.ts";

/** How many rows there are that should not be. */
const STRAYS: [complaint: string, sql: string][] = [
  [
    "event(s) of no task",
    "SELECT count(*) AS n FROM events WHERE task NOT IN (SELECT n FROM tasks)",
  ],
  [
    "idempotency key(s) of no task",
    "SELECT count(*) AS n FROM idempotency WHERE id NOT IN (SELECT id FROM tasks)",
  ],
  [
    "task(s) with a gap in their events",
    `SELECT count(*) AS n FROM tasks WHERE seq <= 1000
       AND (SELECT count(*) FROM events WHERE task = tasks.n) <> seq - 1`,
  ],
  [
    "task(s) that never expire, although all has ended",
    "SELECT count(*) AS n FROM tasks WHERE kept_until IS NULL",
  ],
  [
    "task(s) that wait for their time, although all has ended",
    "SELECT count(*) AS n FROM tasks WHERE due IS NOT NULL",
  ],
  [
    "task(s) counted as waiting, delayed or running, although all has ended",
    "SELECT sum(waiting + scheduled + active) AS n FROM queues",
  ],
  ["running key(s), although nothing runs", "SELECT count(*) AS n FROM running"],
  [
    "revocation(s) that are older than a minute",
    "SELECT count(*) AS n FROM revocations WHERE at < unixepoch() * 1000 - 60000",
  ],
];

/** @param liveWorkers the workers that may have rows */
export function lookAtSqlite(file: string, liveWorkers: Set<string>): Look {
  const db = new DatabaseSync(file, { timeout: 5000 });
  try {
    const findings: string[] = [];
    const count = (sql: string) => Number(db.prepare(sql).get()?.["n"]);
    const check = db.prepare("PRAGMA integrity_check").all();
    const verdict = check.map(({ integrity_check }) => integrity_check).join("; ");
    if (verdict !== "ok") findings.push(`SQLite: integrity_check says: ${verdict}`);
    for (const [complaint, sql] of STRAYS) {
      const n = count(sql);
      if (n > 0) findings.push(`SQLite: ${n} ${complaint}`);
    }
    for (const { name } of db.prepare("SELECT name FROM workers").all()) {
      if (!liveWorkers.has(String(name))) {
        findings.push(`SQLite: a row of worker ${name}, which is gone`);
      }
    }
    const peers = new Set(db.prepare("SELECT id FROM peers").all().map(({ id }) => String(id)));
    for (const { name } of Deno.readDirSync(dirname(file))) {
      const id = /-peer-(\w+)$/.exec(name)?.[1];
      // One that is left of a process that was killed while it joined is deleted by a later one.
      if (id !== undefined && ownerOf(file, id) === "alive" && !peers.has(id)) {
        findings.push(`SQLite: ${name} is the mailbox of a living process that nobody knows`);
      }
    }
    for (const id of peers) {
      if (ownerOf(file, id) !== "alive") {
        findings.push(`SQLite: a row of process ${id}, which is gone`);
      }
    }
    const tasks = new Map<string, Kept>();
    for (const row of db.prepare("SELECT id, status, args, lost, schedule FROM tasks").iterate()) {
      const id = String(row["id"]);
      const [status, args] = [String(row["status"]), String(row["args"])];
      const schedule = String(row["schedule"] ?? "");
      tasks.set(id, { id, status, args, lost: Number(row["lost"]), schedule });
    }
    const mib = Math.round(Deno.statSync(file).size / 1024 / 1024 * 10) / 10;
    return { tasks, findings, size: `${mib} MiB` };
  } finally {
    db.close();
  }
}
