/** Samples over time in a SQLite file. */

import {
  SAMPLE_EVERY_MS,
  type SampleStore,
  SERIES,
  seriesFor,
  type StoredSample,
} from "../history_store.ts";
import type { Database } from "./database.ts";
import type { Transaction } from "./transaction.ts";

export class SqliteSamples implements SampleStore {
  /** @param change makes a change in a transaction */
  constructor(
    private readonly db: Database,
    private readonly change: <T>(make: (tx: Transaction) => T) => Promise<T>,
  ) {}

  async begin(): Promise<{ at: number | null; waitMs: number }> {
    const now = Date.now();
    const waitMs = SAMPLE_EVERY_MS - now % SAMPLE_EVERY_MS;
    const step = Math.floor(now / SAMPLE_EVERY_MS);
    // A look costs nobody's turn to write.
    const isOpen = await this.db.read(() =>
      this.db.get("SELECT 1 FROM state WHERE sampled <> ?", step) !== undefined
    );
    const isFirst = isOpen &&
      await this.change(({ db }) =>
          db.run("UPDATE state SET sampled = ?1 WHERE sampled <> ?1", step)
        ) === 1;
    return { at: isFirst ? now : null, waitMs };
  }

  put({ at, body }: StoredSample): Promise<void> {
    return this.change(({ db, now }) => {
      db.run("DELETE FROM samples WHERE at > ?", now); // the clock was set back
      for (const { everyMs, kept } of SERIES) {
        const step = at - at % everyMs;
        db.run(
          `INSERT INTO samples SELECT ?1, ?2, ?3
           WHERE NOT EXISTS (SELECT 1 FROM samples WHERE every = ?1 AND at >= ?4)`,
          everyMs,
          at,
          body,
          step,
        );
        const first = step - (kept - 1) * everyMs;
        db.run("DELETE FROM samples WHERE every = ? AND at < ?", everyMs, first);
      }
    });
  }

  read(stepMs: number, steps: number): Promise<StoredSample[]> {
    const step = Math.floor(Date.now() / stepMs);
    return this.db.read(() =>
      this.db.all<StoredSample>(
        `SELECT min(at) AS at, body FROM samples WHERE every = ?1 AND at >= ?3
         GROUP BY at / CAST(?2 AS INTEGER) ORDER BY at`,
        seriesFor(stepMs).everyMs,
        stepMs,
        (step - steps + 1) * stepMs,
      ).map((sample) => ({ ...sample }))
    );
  }
}
