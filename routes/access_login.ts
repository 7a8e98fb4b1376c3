/** How people and programs prove who they are: password, session, token, ticket. */

import { createHmac, randomBytes } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, generateCookie, getCookie } from "hono/cookie";
import type { Account, Directory } from "../jobs/access_directory.ts";
import { BusyError, hashToken, isToken, verifyPassword } from "../jobs/access_secrets.ts";
import type { Broker } from "../jobs/broker.ts";
import { CREDENTIALS, type Via } from "../jobs/wire.ts";
import type { Clients } from "./access_client.ts";
import { type Principal, principalOf } from "./access_principal.ts";
import { seal, unseal } from "./access_seal.ts";
import { Throttle } from "./access_throttle.ts";
import { Problem, unavailable } from "./problem.ts";

export const SESSION_COOKIE = "taskapp_session";
/** A session ends when it was not used for so long, */
const SESSION_MS = 12 * 3_600_000;
/** and after this, however much it is used. */
const LONGEST_SESSION_MS = 7 * 24 * 3_600_000;
/** A cookie is replaced when it is older. */
const RENEW_AFTER_MS = 10 * 60_000;
/** Within this time a ticket opens one socket. */
export const TICKET_SECONDS = 30;
/** A password that was right is not checked again for so long: programs send it with each request. */
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 1000;

type Session = [name: string, mark: string, id: string, startedAt: number, expiresAt: number];
type Ticket = [
  kind: Account["kind"],
  name: string,
  mark: string,
  via: Via,
  until: number,
  session: { id: string; expiresAt: number } | null,
];

export class Login {
  readonly #throttle = new Throttle();
  /** By what only this process can compute of them, so that no password is kept. */
  readonly #remembered = new Map<string, number>();
  readonly #checking = new Map<string, Promise<void>>();
  readonly #key = randomBytes(32);

  constructor(
    private readonly directory: Directory,
    private readonly broker: Broker,
    private readonly clients: Clients,
  ) {}

  /**
   * Who a request comes from; null if it does not say.
   * @throws {Problem} 401, what it says is wrong; 429, that was said too often
   */
  async identify(c: Context): Promise<Principal | null> {
    const reading = this.directory.fresh();
    if (reading) await reading;
    const authorization = c.req.header("authorization");
    if (authorization !== undefined) {
      const [, scheme = "", credentials = ""] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
      if (scheme.toLowerCase() === "bearer") return this.#fromToken(c, credentials);
      return await this.#fromPassword(c, scheme, credentials);
    }
    const ticket = ticketOf(c);
    if (ticket !== undefined) return await this.#fromTicket(c, ticket);
    const cookie = getCookie(c, SESSION_COOKIE);
    return cookie === undefined ? null : await this.#fromCookie(c, cookie);
  }

  /**
   * Checks a password.
   * @throws {Problem} 401, 429
   */
  async check(c: Context, name: string, password: string): Promise<Account> {
    await this.directory.fresh();
    const address = this.clients.address(c);
    const wait = this.#throttle.attempt(name, address);
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1000);
      const detail = `Too many wrong passwords: try again in ${seconds} seconds`;
      throw new Problem(429, detail, {}, { "retry-after": `${seconds}` });
    }
    const account = this.directory.find("user", name);
    try {
      const isRight = await verifyPassword(password, account?.hash);
      if (!isRight || !account) throw unauthorized(c, "The name or the password is wrong");
    } catch (error) {
      if (!(error instanceof BusyError)) throw error;
      this.#throttle.forgive(name, address);
      throw unavailable("Too many log in at the moment; try again in a few seconds");
    }
    this.#throttle.forgive(name, address);
    return account;
  }

  /** Begins a session: the answer has its cookie. */
  async begin(c: Context, account: Account): Promise<Principal> {
    return await this.#setSession(c, account, randomBytes(9).toString("base64url"), Date.now());
  }

  /** Has the browser forget its session. */
  end(c: Context): void {
    deleteCookie(c, SESSION_COOKIE, this.#attributes(c));
  }

  /** Makes a ticket for whoever asks. */
  async ticket({ account, via, session: id, expiresAt }: Principal): Promise<string> {
    const { kind, name, mark } = account ?? { kind: "user", name: "", mark: "" };
    const session = id !== null && expiresAt !== null ? { id, expiresAt } : null;
    const ticket: Ticket = [kind, name, mark, via, Date.now() + 1000 * TICKET_SECONDS, session];
    // The number makes two of one moment differ.
    return seal("ticket", [...ticket, randomBytes(12).toString("base64url")], await this.#secret());
  }

  #fromToken(c: Context, credentials: string): Principal {
    const token = isToken(credentials) ? this.directory.tokenOf(hashToken(credentials)) : undefined;
    if (!token) throw unauthorized(c, "This token does not count, or does not any more");
    return principalOf(token, "token");
  }

  async #fromPassword(c: Context, scheme: string, credentials: string): Promise<Principal> {
    const [name, password] = scheme.toLowerCase() === "basic" ? pair(credentials) : [];
    if (name === undefined || password === undefined) {
      throw unauthorized(c, "The header Authorization must be Bearer and a token, or Basic");
    }
    return principalOf(await this.#checkOften(c, name, password), "basic");
  }

  async #checkOften(c: Context, name: string, password: string): Promise<Account> {
    const account = this.directory.find("user", name);
    const known = createHmac("sha256", this.#key)
      .update(JSON.stringify([name, password, account?.hash])).digest("base64");
    const isKnown = () => (this.#remembered.get(known) ?? 0) > Date.now();
    if (account && isKnown()) return account;
    // Programs ask several things at once: one look at the password is enough for all, if it is right.
    const pending = this.#checking.get(known);
    if (pending) await pending;
    if (account && isKnown()) return account;
    const checking = this.check(c, name, password).then((checked) => {
      if (checked === account) this.#remember(known);
      return checked;
    });
    const ended = checking.then(() => {}, () => {});
    this.#checking.set(known, ended);
    try {
      return await checking;
    } finally {
      if (this.#checking.get(known) === ended) this.#checking.delete(known);
    }
  }

  #remember(known: string): void {
    const now = Date.now();
    for (const [oldest, until] of this.#remembered) {
      if (until > now && this.#remembered.size < MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(known, now + REMEMBER_MS);
  }

  async #fromTicket(c: Context, sealed: string): Promise<Principal> {
    const ticket = unseal("ticket", sealed, await this.#secret()) as Ticket | undefined;
    const [kind, name, mark, via, until, session] = ticket ?? [];
    const account = kind && name !== undefined ? this.directory.find(kind, name) : undefined;
    const counts = account && account.mark === mark && until !== undefined && until > Date.now() &&
      via !== undefined && CREDENTIALS.includes(via) &&
      await this.broker.access.spend(hashToken(sealed), 2000 * TICKET_SECONDS);
    if (!counts) throw unauthorized(c, "This ticket was used, or is too old: ask for another");
    return principalOf(account, via, session);
  }

  async #fromCookie(c: Context, sealed: string): Promise<Principal | null> {
    const session = unseal("session", sealed, await this.#secret()) as Session | undefined;
    if (!session) return null;
    const [name, mark, id, startedAt, expiresAt] = session;
    const account = this.directory.find("user", name);
    const now = Date.now();
    if (!account || account.mark !== mark || expiresAt <= now) return null;
    const isOld = now > expiresAt - SESSION_MS + RENEW_AFTER_MS;
    const mayGoOn = expiresAt < startedAt + LONGEST_SESSION_MS;
    if (isOld && mayGoOn && !isUpgrade(c)) {
      return await this.#setSession(c, account, id, startedAt);
    }
    return principalOf(account, "session", { id, expiresAt });
  }

  async #setSession(
    c: Context,
    account: Account,
    id: string,
    startedAt: number,
  ): Promise<Principal> {
    const now = Date.now();
    const expiresAt = Math.min(now + SESSION_MS, startedAt + LONGEST_SESSION_MS);
    const session: Session = [account.name, account.mark, id, startedAt, expiresAt];
    const cookie = generateCookie(SESSION_COOKIE, seal("session", session, await this.#secret()), {
      ...this.#attributes(c),
      maxAge: Math.ceil((expiresAt - now) / 1000),
    });
    // What is set on `c.res` comes with every answer, also with one that a route makes without the context.
    c.res.headers.append("set-cookie", cookie);
    return principalOf(account, "session", { id, expiresAt });
  }

  #attributes(c: Context) {
    const secure = this.clients.isHttps(c);
    return { path: "/", httpOnly: true, sameSite: "Strict", secure } as const;
  }

  #secret(): Promise<string> {
    return this.directory.secret();
  }
}

/** Whether a request asks for a WebSocket. */
export function isUpgrade(c: Context): boolean {
  return c.req.header("upgrade")?.toLowerCase() === "websocket";
}

/** The ticket that a request for a WebSocket brings. The header alone would open every route with it. */
export function ticketOf(c: Context): string | undefined {
  const isSocket = isUpgrade(c) && /^\/ws(\/|$)/.test(c.req.path);
  return isSocket ? c.req.query("ticket") : undefined;
}

/** The problem of who has not said who they are, or said it wrong. */
export function unauthorized(c: Context, detail: string): Problem {
  // A browser would ask for name and password in a window of its own, which the page does better.
  const mode = c.req.header("sec-fetch-mode");
  const isPage = c.req.header("x-requested-with") === "taskapp" || isUpgrade(c) ||
    (mode !== undefined && mode !== "navigate");
  const challenge = { "www-authenticate": 'Basic realm="taskapp", charset="UTF-8"' };
  return new Problem(401, detail, {}, isPage ? {} : challenge);
}

function pair(base64: string): [string, string] | [] {
  try {
    const text = new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
    const colon = text.indexOf(":");
    return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
  } catch {
    return [];
  }
}
