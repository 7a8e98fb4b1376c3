/** Who may come in: the users and tokens of the files, and those that were added at run time. */

import { createHash, randomBytes } from "node:crypto";
import type { CredentialFile, Kind } from "./access_file.ts";
import type { AccessStore } from "./access_store.ts";
import { type Broker, BrokerUnavailableError } from "./broker.ts";
import type { AccessSource, Role } from "./wire.ts";

/** What is known is at most so old when somebody comes in. */
const FRESH_MS = 1000;
/** Attempts to change what others change at the same time. */
const MAX_ATTEMPTS = 10;

/** A user or a token. */
export interface Account {
  kind: Kind;
  name: string;
  role: Role;
  source: AccessSource;
  /** Of the password or the token. */
  hash: string;
  /** ISO 8601; null where it is not known. */
  createdAt: string | null;
  /** Another when the password was changed, or all sessions were ended. */
  mark: string;
}

/** What the broker keeps of one. */
interface StoredAccount {
  role: Role;
  hash: string;
  created_at: string;
}

/** There is such a name already, or none; or it is not kept where it can be changed. */
export class AccountConflictError extends Error {
  override name = "AccountConflictError";
}

/** No user or token of this name is known. */
export class UnknownAccountError extends Error {
  override name = "UnknownAccountError";

  constructor(kind: Kind, name: string) {
    super(`No ${kind} is named "${name}"`);
  }
}

/** The files that a server was given. */
export interface AccessFiles {
  user?: CredentialFile;
  token?: CredentialFile;
}

export class Directory {
  readonly #store: AccessStore;
  #revision: number | null = null;
  #records = new Map<string, string>();
  #accounts = new Map<string, Account>();
  #tokens = new Map<string, Account>();
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(broker: Pick<Broker, "access">, private readonly files: AccessFiles) {
    this.#store = broker.access;
    this.#build();
  }

  /** Looks whether anything has changed, unless that was done just now: then there is nothing to wait for. */
  fresh(): Promise<void> | undefined {
    if (performance.now() - this.#readAt < FRESH_MS) return undefined;
    return this.#reading ??= this.#read().finally(() => this.#reading = undefined);
  }

  /** All users or all tokens, by name. */
  list(kind: Kind): Account[] {
    return [...this.#accounts.values()].filter((each) => each.kind === kind)
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  find(kind: Kind, name: string): Account | undefined {
    return this.#accounts.get(`${kind} ${name}`);
  }

  /** The token with this hash. */
  tokenOf(hash: string): Account | undefined {
    return this.#tokens.get(hash);
  }

  /**
   * What sessions and tickets are signed with, the same for all servers; made when first needed.
   * @throws {BrokerUnavailableError} it was never read
   */
  async secret(): Promise<string> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const secret = this.#records.get("secret");
      if (secret !== undefined) return secret;
      await this.#store.put("secret", randomBytes(32).toString("base64url"), null);
      await this.#again();
    }
    throw new BrokerUnavailableError("The broker keeps no secret for sessions");
  }

  /**
   * Adds a user or a token.
   * @throws {AccountConflictError} there is one of this name, or there are too many
   */
  async add(kind: Kind, name: string, role: Role, hash: string): Promise<Account> {
    await this.#again();
    const known = this.find(kind, name);
    if (known) {
      const where = known.source === "file" ? `, in ${this.files[kind]?.path}` : "";
      throw new AccountConflictError(`There is a ${kind} named "${name}" already${where}`);
    }
    const stored: StoredAccount = { role, hash, created_at: new Date().toISOString() };
    await this.#put(`${kind} ${name}`, () => JSON.stringify(stored), null);
    return this.#known(kind, name);
  }

  /**
   * Changes a user's role, password or both.
   * @throws {UnknownAccountError}
   * @throws {AccountConflictError} it is in a file
   */
  async change(
    name: string,
    { role, hash }: { role?: Role | undefined; hash?: string | undefined },
  ): Promise<Account> {
    await this.#again();
    const field = this.#changeable("user", name);
    await this.#put(field, (before) => {
      const stored = JSON.parse(before ?? "{}") as StoredAccount;
      return JSON.stringify({ ...stored, ...role && { role }, ...hash && { hash } });
    });
    return this.#known("user", name);
  }

  /**
   * Removes a user or a token.
   * @throws {UnknownAccountError}
   * @throws {AccountConflictError} it is in a file
   */
  async remove(kind: Kind, name: string): Promise<void> {
    await this.#again();
    await this.#put(this.#changeable(kind, name), () => null);
    if (kind === "user") await this.#put(`epoch ${name}`, () => null);
  }

  /** Ends all sessions of a user. */
  async endSessions(name: string): Promise<void> {
    await this.#again();
    await this.#put(`epoch ${name}`, () => randomBytes(9).toString("base64url"));
  }

  #changeable(kind: Kind, name: string): string {
    const account = this.#known(kind, name);
    if (account.source === "broker") return `${kind} ${name}`;
    const how = `taskapp ${kind} changes it there`;
    throw new AccountConflictError(`"${name}" is in ${this.files[kind]?.path}; ${how}`);
  }

  #known(kind: Kind, name: string): Account {
    const account = this.find(kind, name);
    if (!account) throw new UnknownAccountError(kind, name);
    return account;
  }

  /** Changes a record, again if others changed it meanwhile; with `before`, only from that. */
  async #put(
    field: string,
    change: (before: string | null) => string | null,
    before?: null,
  ): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const present = before === null ? null : this.#records.get(field) ?? null;
      const value = change(present);
      const outcome = value === present ? "stored" : await this.#store.put(field, value, present);
      await this.#again();
      if (outcome === "stored") return;
      if (outcome === "full") {
        throw new AccountConflictError(
          "The broker keeps no more users and tokens: remove some first",
        );
      }
      if (before === null) throw new AccountConflictError("There is one of this name already");
    }
    throw new AccountConflictError("Others change the same at the moment: try again");
  }

  #again(): Promise<void> {
    this.#readAt = -Infinity;
    return this.#reading ? this.#reading.then(() => this.#read()) : this.#read();
  }

  async #read(): Promise<void> {
    const changed = Object.values(this.files).map((file: CredentialFile) => file.refresh());
    try {
      const records = await this.#store.read(this.#revision);
      if (records) [this.#revision, this.#records] = [records.revision, records.records];
      if (records || changed.includes(true)) this.#build();
    } catch (error) {
      // What is known still counts while the broker is away: it can be asked for nothing then.
      if (!(error instanceof BrokerUnavailableError)) throw error;
      if (changed.includes(true)) this.#build();
    }
    this.#readAt = performance.now();
  }

  #build(): void {
    this.#accounts = new Map();
    for (const [field, value] of this.#records) {
      const [, kind, name = ""] = /^(user|token) (.*)$/.exec(field) ?? [];
      if (kind !== "user" && kind !== "token") continue;
      const { role, hash, created_at: createdAt } = JSON.parse(value) as StoredAccount;
      this.#enter({ kind, name, role, hash, source: "broker", createdAt });
    }
    for (const file of Object.values(this.files) as CredentialFile[]) {
      for (const { name, role, hash } of file.credentials) {
        this.#enter({ kind: file.kind, name, role, hash, source: "file", createdAt: null });
      }
    }
    this.#tokens = new Map(this.list("token").map((token) => [token.hash, token]));
  }

  #enter(account: Omit<Account, "mark">): void {
    const { kind, name, hash } = account;
    const epoch = kind === "user" ? this.#records.get(`epoch ${name}`) ?? "" : "";
    const mark = createHash("sha256").update(`${kind} ${epoch} ${hash}`).digest("base64url");
    this.#accounts.set(`${kind} ${name}`, { ...account, mark: mark.slice(0, 16) });
  }
}
