/** One SQLite file: opened safely, changed in short transactions, and with words for its errors. */

import { dirname, resolve } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { BrokerRefusedError, BrokerUnavailableError } from "../broker.ts";
import { Outage } from "../outage.ts";
import { ownerOf } from "./mailbox.ts";
import schema from "./schema.sql" with { type: "text" };
import schema2 from "./schema_2.sql" with { type: "text" };
import schema3 from "./schema_3.sql" with { type: "text" };

/** "task" in ASCII: tells a file of ours from any other SQLite database. */
const APPLICATION_ID = 0x7461736b;
/** Each makes a version from the one before, the first from an empty file. */
const SCHEMAS = [schema, schema2, schema3];

/** How long a call waits for its turn to write, and how long opening may take. */
const BUSY_TIMEOUT_MS = 4000;
/** How long opening waits while another process brings the file up to date: a million tasks take 10 s. */
const UPGRADE_TIMEOUT_MS = 60_000;
/** A write is on disk after this long at most, as with Redis's `appendfsync everysec`. */
const SYNC_AFTER_MS = 1000;

/** A log that is longer starts anew, which only happens when nobody reads in the old one. */
const MAX_WAL_BYTES = 64 * 1024 * 1024;
/** How long starting it anew may hold up this process. */
const RESTART_WAL_MS = 100;

/** SQLite's result codes, https://www.sqlite.org/rescode.html */
const BUSY = 5;
/** Busy, locked, read-only, I/O error, corrupt, full, cannot open, no database: not our mistakes. */
const UNAVAILABLE = [BUSY, 6, 8, 10, 11, 13, 14, 26];

/** Prepared and kept; searches have many forms. */
const MAX_STATEMENTS = 500;

const log = getLogger(["taskapp", "broker"]);

export class Database {
  /** Where the file is; null in memory. */
  readonly path: string | null;
  /** When a transaction last ended well, by `performance.now()`. */
  answeredAt: number | null = null;
  readonly #db: DatabaseSync;
  readonly #outage: Outage;
  /** Which file it is, to notice that another took its place. */
  readonly #inode: number | null;
  #removed = false;
  /** Ends when all writes asked for so far have ended: those of one process do not compete. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #statements = new Map<string, StatementSync>();
  /** Until what was written is synced to disk. */
  #syncTimer: ReturnType<typeof setTimeout> | undefined;
  #synced: Promise<void> = Promise.resolve();

  /**
   * Opens a file, or makes it.
   * @param file a path, or `:memory:`
   * @throws {BrokerRefusedError} it cannot be opened, or is not ours
   * @throws {BrokerUnavailableError} the disk is full, or others hold it for too long
   */
  constructor(readonly file: string) {
    this.path = file === ":memory:" ? null : resolve(file);
    let db: DatabaseSync | undefined;
    try {
      if (this.path !== null) {
        refuseLink(this.path);
        make(this.path);
      }
      db = new DatabaseSync(this.path ?? file, { timeout: BUSY_TIMEOUT_MS });
      prepare(db, file);
    } catch (error) {
      db?.close();
      throw openingError(file, error);
    }
    this.#db = db;
    this.#inode = inode(this.path);
    this.#outage = new Outage(`The database ${file}`);
  }

  /** Runs a statement that answers rows. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Runs a statement that answers one row or none. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  /** Goes through the rows one by one. */
  iterate<Row>(sql: string, ...values: SQLInputValue[]): IterableIterator<Row> {
    return this.#statement(sql).iterate(...values) as IterableIterator<Row>;
  }

  /** Runs a statement that changes rows, and answers how many. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** Reads from one state of the file. */
  read<T>(reading: () => T): Promise<T> {
    return this.#transaction("BEGIN", reading);
  }

  /** Changes all or, on an error, nothing; others' changes wait. `change` must not wait itself. */
  async write<T>(change: () => T): Promise<T> {
    const turn = this.#turn.then(() => this.#transaction("BEGIN IMMEDIATE", change));
    this.#turn = turn.catch(() => {});
    const result = await turn;
    const { path } = this;
    if (path !== null) this.#syncTimer ??= setTimeout(() => this.#sync(path), SYNC_AFTER_MS);
    return result;
  }

  /** Notices that the file was removed or replaced: nothing that is written reaches anyone then. */
  checkPresence(): void {
    this.#removed ||= inode(this.path) !== this.#inode;
  }

  /** A number that another process's commit changes. */
  version(): number {
    return this.get<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
  }

  async close(): Promise<void> {
    this.#outage.close();
    await this.#turn;
    if (this.#syncTimer !== undefined && this.path !== null) this.#sync(this.path);
    await this.#synced;
    this.#statements.clear();
    this.#db.close();
  }

  async #transaction<T>(begin: "BEGIN" | "BEGIN IMMEDIATE", work: () => T): Promise<T> {
    const deadline = performance.now() + BUSY_TIMEOUT_MS;
    while (true) {
      if (this.#removed) {
        throw this.#unavailable(
          "removed",
          "was removed or replaced under us: restart this process",
        );
      }
      try {
        this.run(begin);
        const result = work();
        this.run("COMMIT");
        this.answeredAt = performance.now();
        return result;
      } catch (error) {
        // Some errors have ended the transaction already.
        if (this.#db.isOpen && this.#db.isTransaction) this.run("ROLLBACK");
        if (codeOf(error) !== BUSY || performance.now() > deadline) throw this.#translate(error);
      }
      // Waiting here and not inside SQLite leaves the event loop to others.
      await sleep(1 + Math.random() * 4);
    }
  }

  #translate(error: unknown): unknown {
    const code = codeOf(error);
    if (this.#db.isOpen && (code === undefined || !UNAVAILABLE.includes(code))) return error;
    return this.#unavailable(`${code}`, `cannot be used: ${messageOf(error)}`, error);
  }

  #unavailable(kind: string, what: string, cause?: unknown): BrokerUnavailableError {
    if (this.#db.isOpen) this.#outage.tellOfCall(kind, what);
    return new BrokerUnavailableError(`The database ${this.file} ${what}`, { cause });
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Committing writes to the file's log and leaves it to the system when that reaches the disk. */
  #sync(path: string): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    this.#synced = this.#synced.then(() => this.#syncLog(path));
  }

  async #syncLog(path: string): Promise<void> {
    try {
      using wal = await Deno.open(`${path}-wal`, { write: true });
      await wal.syncData();
      if ((await wal.stat()).size > MAX_WAL_BYTES && this.#db.isOpen) this.#restartWal();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return; // all of it is in the main file
      log.warn(`${this.file} could not be synced to disk: ${error}`);
    }
  }

  /** With many busy processes, SQLite's own checkpoints never find a moment to do it. */
  #restartWal(): void {
    this.#db.exec(`PRAGMA busy_timeout = ${RESTART_WAL_MS}`);
    this.#db.exec("PRAGMA wal_checkpoint(RESTART); PRAGMA busy_timeout = 0");
  }
}

function prepare(db: DatabaseSync, file: string): void {
  const pragma = (name: string) =>
    Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  const isNew = db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (!isNew && pragma("application_id") !== APPLICATION_ID) {
    throw new BrokerRefusedError(`${file} is a database of another program: name another file`);
  }
  if (pragma("user_version") > SCHEMAS.length) {
    throw new BrokerRefusedError(
      `${file} was written by a newer version of taskapp: use that version, or another file`,
    );
  }
  // Reads go on while one writes; a crash of the process loses nothing that was committed.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  db.exec("PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384");
  if (pragma("user_version") < SCHEMAS.length) {
    if (!isNew) db.exec(`PRAGMA busy_timeout = ${UPGRADE_TIMEOUT_MS}`);
    db.exec("BEGIN IMMEDIATE");
    const version = pragma("user_version"); // another process may have been faster
    if (version > 0 && version < SCHEMAS.length) {
      refuseIfInUse(db, file);
      log.info(`Bringing ${file} up to date`);
    }
    for (const each of SCHEMAS.slice(version)) db.exec(each);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMAS.length}`);
    db.exec("COMMIT");
  }
  db.exec("PRAGMA busy_timeout = 0");
  checkWritable(db);
}

/** An older taskapp would go on to write as it knows how to. */
function refuseIfInUse(db: DatabaseSync, file: string): void {
  for (const { id } of db.prepare("SELECT id FROM peers").all()) {
    if (file === ":memory:" || ownerOf(resolve(file), String(id)) !== "alive") continue;
    throw new BrokerRefusedError(
      `${file} is in use by an older version of taskapp: stop its serve, work and dev, then try again`,
    );
  }
}

/** A file that this user may only read opens without a word. */
function checkWritable(db: DatabaseSync): void {
  try {
    db.exec("BEGIN IMMEDIATE; UPDATE state SET reaped = reaped; ROLLBACK");
  } catch (error) {
    if (!messageOf(error).includes("locked")) throw error; // by another who writes: so can we
  }
}

function openingError(file: string, error: unknown): unknown {
  if (error instanceof BrokerRefusedError) return error;
  const message = messageOf(error);
  if (/disk is full|is locked|disk I\/O/.test(message)) {
    const advice = message.includes("locked") ? "" : "; see that there is room on its disk";
    return new BrokerUnavailableError(`The database ${file} cannot be opened: ${message}${advice}`);
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new BrokerRefusedError(
      `taskapp may not use ${file}: keep it in the working directory, /data or /var/lib/taskapp`,
    );
  }
  if (/malformed/.test(message)) {
    return new BrokerRefusedError(
      `${file} is damaged: restore a backup of it, or name another file`,
    );
  }
  if (/not a database/.test(message)) {
    return new BrokerRefusedError(`${file} is not a SQLite database: name another file`);
  }
  if (/unable to open|readonly/.test(message)) {
    return new BrokerRefusedError(
      `${resolve(file)} cannot be opened for writing: see that it is a file, that ` +
        `${dirname(resolve(file))} exists, and that this user may write to both`,
    );
  }
  return error;
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  // The lower byte is the primary code.
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whoever can read the file can log in as anybody: sessions are signed with a secret in it. */
const MODE = 0o660;

/** Makes an empty file, which other users may not read, unless there is one; SQLite gives its own ones the same mode. */
function make(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: MODE }).close();
  } catch {
    // It is there, or cannot be made: opening it says which.
  }
}

/** Who opens a file by two names finds two sets of files beside it, and would not see the others. */
function refuseLink(path: string): void {
  let isLink = false;
  try {
    isLink = Deno.lstatSync(path).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (isLink) throw new BrokerRefusedError(`${path} is a link: name the file that it leads to`);
}

function inode(path: string | null): number | null {
  try {
    return path === null ? null : Deno.statSync(path).ino;
  } catch {
    return null;
  }
}
