/** Who may come in, in a SQLite file. */

import {
  type AccessRecords,
  type AccessStore,
  MAX_AUDIT,
  MAX_RECORDS,
  type StoredEntry,
} from "../access_store.ts";
import { InvalidCursorError } from "../broker.ts";
import type { Database } from "./database.ts";
import type { Transaction } from "./transaction.ts";

export class SqliteAccess implements AccessStore {
  /** @param change makes a change in a transaction */
  constructor(
    private readonly db: Database,
    private readonly change: <T>(make: (tx: Transaction) => T) => Promise<T>,
  ) {}

  read(revision: number | null): Promise<AccessRecords | null> {
    return this.db.read(() => {
      const sql = "SELECT access_revision AS present FROM access_state";
      const { present } = this.db.get<{ present: number }>(sql) ?? { present: 0 };
      if (present === revision) return null;
      const rows = this.db.all<{ field: string; value: string }>("SELECT * FROM access");
      return {
        revision: present,
        records: new Map(rows.map(({ field, value }) => [field, value])),
      };
    });
  }

  put(
    field: string,
    value: string | null,
    before: string | null,
  ): Promise<"stored" | "changed" | "full"> {
    return this.change(({ db }) => {
      const sql = "SELECT value FROM access WHERE field = ?";
      if ((db.get<{ value: string }>(sql, field)?.value ?? null) !== before) return "changed";
      if (value === null) {
        db.run("DELETE FROM access WHERE field = ?", field);
      } else {
        if (before === null && count(db) >= MAX_RECORDS) return "full";
        db.run("INSERT OR REPLACE INTO access VALUES (?, ?)", field, value);
      }
      db.run("UPDATE access_state SET access_revision = access_revision + 1");
      return "stored";
    });
  }

  spend(key: string, ms: number): Promise<boolean> {
    return this.change(({ db, now }) => {
      db.run("DELETE FROM spent WHERE until <= ?", now);
      return db.run("INSERT OR IGNORE INTO spent VALUES (?, ?)", key, now + ms) === 1;
    });
  }

  note(body: string): Promise<void> {
    return this.change(({ db, now }) => {
      db.run("INSERT INTO audit (at, body) VALUES (?, ?)", now, body);
      db.run("DELETE FROM audit WHERE n <= (SELECT max(n) FROM audit) - ?", MAX_AUDIT);
    });
  }

  async audit(limit: number, cursor = ""): Promise<StoredEntry[]> {
    if (!/^\d{0,15}$/.test(cursor)) throw new InvalidCursorError(cursor);
    const rows = await this.db.read(() =>
      this.db.all<{ n: number; at: number; body: string }>(
        "SELECT * FROM audit WHERE n < ? ORDER BY n DESC LIMIT ?",
        cursor === "" ? Number.MAX_SAFE_INTEGER : Number(cursor),
        limit,
      )
    );
    return rows.map(({ n, at, body }) => ({ cursor: String(n), at, body }));
  }
}

function count(db: Database): number {
  return db.get<{ count: number }>("SELECT count(*) AS count FROM access")?.count ?? 0;
}
