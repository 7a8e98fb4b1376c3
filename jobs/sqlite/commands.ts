/** Commands to workers in a SQLite file. */

import { COMMAND_MS, type CommandStore, MAX_COMMANDS, type SentCommand } from "../command_store.ts";
import type { Database } from "./database.ts";
import type { Transaction } from "./transaction.ts";

export class SqliteCommands implements CommandStore {
  /** @param change makes a change in a transaction and tells of it */
  constructor(private readonly change: <T>(make: (tx: Transaction) => T) => Promise<T>) {}

  send(worker: string, command: SentCommand): Promise<boolean> {
    return this.change((tx) => send(tx, worker, command));
  }

  take(worker: string): Promise<SentCommand[]> {
    return this.change((tx) => take(tx, worker));
  }
}

function send(tx: Transaction, worker: string, command: SentCommand): boolean {
  const sql = "SELECT 1 FROM workers WHERE name = ? AND lease_until > ?";
  if (tx.db.get(sql, worker, tx.now) === undefined) return false;
  tx.db.run(
    `INSERT OR IGNORE INTO commands (n, at, worker, id, body) VALUES (?, ?, ?, ?, ?)`,
    tx.number(),
    tx.now,
    worker,
    command.id,
    JSON.stringify(command),
  );
  tx.db.run(
    `DELETE FROM commands WHERE worker = ?1 AND n NOT IN (
       SELECT n FROM commands WHERE worker = ?1 ORDER BY n DESC LIMIT ?2)`,
    worker,
    MAX_COMMANDS,
  );
  tx.news = true;
  return true;
}

function take(tx: Transaction, worker: string): SentCommand[] {
  const rows = tx.db.all<{ n: number; body: string }>(
    "SELECT n, body FROM commands WHERE worker = ? AND at > ? AND body IS NOT NULL ORDER BY n",
    worker,
    tx.now - COMMAND_MS,
  );
  // The id stays, so that a command is not left twice.
  for (const { n } of rows) tx.db.run("UPDATE commands SET body = NULL WHERE n = ?", n);
  return rows.map(({ body }) => JSON.parse(body));
}

/** Workers for which commands were left after one number and up to another. */
export function commandedWorkers(db: Database, after: number, upTo: number): string[] {
  return db.all<{ worker: string }>(
    "SELECT DISTINCT worker FROM commands WHERE n > ? AND n <= ? AND body IS NOT NULL",
    after,
    upTo,
  ).map(({ worker }) => worker);
}
