/**
 * What the login needs of a store: records that say who may come in, an audit trail, and marks for what
 * counts once. What a record or an entry says is text that no store looks into.
 */

/** No store takes more records. */
export const MAX_RECORDS = 3000;
/** Entries that are kept of the audit trail. */
export const MAX_AUDIT = 10_000;

export interface AccessRecords {
  /** Another with each `put`. */
  revision: number;
  records: Map<string, string>;
}

/** An entry of the audit trail. */
export interface StoredEntry {
  /** Where to go on after it. */
  cursor: string;
  /** When it was noted, in Unix milliseconds on the broker's clock. */
  at: number;
  body: string;
}

export interface AccessStore {
  /** All records; null while they are still those of this revision. */
  read(revision: number | null): Promise<AccessRecords | null>;
  /**
   * Sets a record, or with null removes it, if it still is what it was (null: not there). "full" where
   * there are MAX_RECORDS others.
   */
  put(
    field: string,
    value: string | null,
    before: string | null,
  ): Promise<"stored" | "changed" | "full">;
  /** Whether this is the first call with this key within this time. */
  spend(key: string, ms: number): Promise<boolean>;
  /** Adds an entry to the audit trail; MAX_AUDIT are kept. */
  note(body: string): Promise<void>;
  /**
   * The entries of the audit trail, the newest first.
   * @param cursor of the last entry read; without it from the newest on
   * @throws {InvalidCursorError}
   */
  audit(limit: number, cursor?: string): Promise<StoredEntry[]>;
}
