/** Which task keeps others with the same unique key out. */

import type { State } from "../wire.ts";
import type { BriefRow } from "./rows.ts";
import type { Transaction } from "./transaction.ts";

/** The task that keeps a key now. */
export function keeperOf(
  tx: Transaction,
  key: string,
): { id: string; status: State } | undefined {
  return tx.db.get(
    `SELECT id, status FROM unique_keys JOIN tasks ON n = task
     WHERE key = ?1 AND (kept_until IS NULL OR kept_until > ?2)
       AND (typeof(unique_until) = 'text' OR unique_until > ?2)`,
    key,
    tx.now,
  );
}

export function keepUnique(tx: Transaction, key: string, task: number): void {
  tx.db.run("INSERT OR REPLACE INTO unique_keys VALUES (?, ?)", key, task);
}

/** Lets the next task in, if it was this one that kept it out. */
export function releaseUnique(
  tx: Transaction,
  { unique_key: key, n }: Pick<BriefRow, "n" | "unique_key">,
): void {
  if (key !== null) tx.db.run("DELETE FROM unique_keys WHERE key = ? AND task = ?", key, n);
}
