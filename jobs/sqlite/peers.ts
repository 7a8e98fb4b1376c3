/** This process among those that have the same database open: heard of by the others, and hearing them. */

import { getLogger } from "@logtape/logtape";
import { BrokerUnavailableError } from "../broker.ts";
import type { Database } from "./database.ts";
import { Mailbox, post } from "./mailbox.ts";

/** Others are woken at most this often; what comes in between goes with the next. */
const WAKE_EVERY_MS = 2;
/** Looks for the changes of others by itself, for a wake-up that was lost. */
const POLL_EVERY_MS = 1000;
/** The same where the system cannot watch files. */
const POLL_UNWATCHED_MS = 40;

const log = getLogger(["taskapp", "broker"]);

export class Peers {
  #mailbox: Mailbox | undefined;
  #joining: Promise<string | null> | undefined;
  #closed = false;
  /** The state of the file that was last looked at. */
  #version = 0;
  #polling: ReturnType<typeof setInterval> | undefined;
  #waking: ReturnType<typeof setTimeout> | undefined;
  #wokenAt = 0;

  /** @param onSign called when others may have changed something */
  constructor(private readonly db: Database, private readonly onSign: () => void) {}

  /** Its name among the others; null while they do not know it. */
  get id(): string | null {
    return this.#mailbox?.id ?? null;
  }

  /**
   * Makes this process known to the others; answers its name among them, null where it is alone.
   * @throws {BrokerUnavailableError}
   */
  join(): Promise<string | null> {
    return this.#joining ??= this.#join().catch((error) => {
      this.#joining = undefined;
      throw error;
    });
  }

  /** Wakes the others, now or very soon. */
  wake(): void {
    if (this.db.path === null) return;
    const wait = this.#wokenAt + WAKE_EVERY_MS - performance.now();
    if (wait <= 0) this.#wake(this.db.path);
    else this.#waking ??= setTimeout((path) => this.#wake(path), wait, this.db.path);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#joining?.catch(() => {});
    clearInterval(this.#polling);
    if (this.#waking !== undefined && this.db.path !== null) this.#wake(this.db.path);
    const mailbox = this.#mailbox;
    if (!mailbox) return;
    try {
      await this.db.write(() => this.db.run("DELETE FROM peers WHERE id = ?", mailbox.id));
    } catch (error) {
      log.debug(`Not signed off: ${error}`);
    }
    mailbox.close();
  }

  async #join(): Promise<string | null> {
    const { path } = this.db;
    if (path === null) return null;
    if (this.#closed) throw new BrokerUnavailableError(`The database ${this.db.file} was closed`);
    // It is there and locked before anyone can know of it.
    const mailbox = this.#mailbox ??= this.#openMailbox(path);
    await this.db.write(() => this.db.run("INSERT OR IGNORE INTO peers VALUES (?)", mailbox.id));
    clearInterval(this.#polling);
    const every = mailbox.heard ? POLL_EVERY_MS : POLL_UNWATCHED_MS;
    this.#polling = setInterval(() => this.#poll(), every);
    return mailbox.id;
  }

  #openMailbox(path: string): Mailbox {
    try {
      return new Mailbox(path, this.onSign, () => this.#rejoin());
    } catch (error) {
      const message = `No file can be made beside the database ${this.db.file}: ${error}`;
      throw new BrokerUnavailableError(message, { cause: error });
    }
  }

  /** Somebody has deleted the mailbox. */
  #rejoin(): void {
    if (this.#closed) return;
    this.#mailbox?.close();
    this.#mailbox = this.#joining = undefined;
    this.join().catch((error) => log.debug(`Not known to others: ${error}`));
  }

  #poll(): void {
    this.db.checkPresence();
    try {
      const version = this.db.version();
      if (version === this.#version) return;
      this.#version = version;
      this.onSign();
    } catch (error) {
      log.debug(`Not polled: ${error}`);
    }
  }

  #wake(path: string): void {
    clearTimeout(this.#waking);
    this.#waking = undefined;
    try {
      const others = this.db.all<{ id: string }>("SELECT id FROM peers WHERE id IS NOT ?", this.id);
      for (const { id } of others) post(path, id);
    } catch (error) {
      log.debug(`Others were not woken, they will look by themselves: ${error}`);
    }
    // With very many others, waking them takes time of its own.
    this.#wokenAt = performance.now();
  }
}
