/** What may be wrong with a Redis, and what its user can do about it. */

import { replyError } from "./scripts.ts";

/** What a Redis may do to our data, by its settings. */
export interface Risk {
  level: "warn" | "info";
  /** Completes a sentence that begins with the server's name. */
  what: string;
}

/** Why Redis does not serve us. */
export interface Trouble {
  /** The same for as long as it is the same trouble. */
  kind: string;
  /** Completes a sentence that begins with the server's name. */
  what: string;
  /** It will not serve us as we are configured, so waiting does not help. */
  refusal: boolean;
}

/** Thrown by what has found out itself what is wrong. */
export class TroubleError extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.what);
  }
}

/** One that may become a master, or give way to one of the same name. */
export const REPLICA: Trouble = {
  kind: "READONLY",
  what: "is a replica, where nothing can be written (READONLY): name its master in the broker's " +
    "URL, or the sentinels that know it",
  refusal: false,
};

/** Replies that tell of the server's state, not of a fault of ours. */
const STATE = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|NOREPLICAS|MISCONF)/;

const REFUSALS: { kind: string; reply: RegExp; what(reply: string): string }[] = [
  {
    kind: "password",
    reply: /^WRONGPASS|invalid password/,
    what: () =>
      "does not accept this user name and password: " +
      "correct them in the broker's URL, redis://USER:PASSWORD@HOST:PORT",
  },
  {
    kind: "no password",
    reply: /^NOAUTH/,
    what: () => "wants a password: give it in the broker's URL, redis://:PASSWORD@HOST:PORT",
  },
  {
    kind: "rights",
    // In scripts the error has no code, and other words with each version of Redis.
    reply: /^NOPERM|user executing the script can't|ACL failure in script/,
    what: (reply) =>
      `does not let its user do what taskapp does (${reply.trim()}): ` +
      "ACL SETUSER <user> ~taskapp:* resetchannels &taskapp:* +@all -@dangerous +info " +
      "+client|list +client|id is enough",
  },
  {
    kind: "command",
    reply: /^ERR unknown command/,
    what: (reply) =>
      `does not know a command that taskapp needs (${reply.trim()}): ` +
      "is it a sentinel? They are named by redis-sentinel://HOST:PORT?master=NAME",
  },
  {
    kind: "database",
    reply: /DB index is out of range|SELECT is not allowed/,
    what: () => "has no database of this number: name another in the broker's URL, or none",
  },
];

const SENTINEL_REFUSALS: { reply: RegExp; what(master: string): string }[] = [
  {
    reply: /^WRONGPASS|invalid password/,
    what: () =>
      "has sentinels that do not accept the user name and password given: correct " +
      "sentinel_username and sentinel_password in the broker's URL",
  },
  {
    reply: /^NOAUTH/,
    what: () =>
      "has sentinels that want a password: give it in the broker's URL, as in " +
      "?master=NAME&sentinel_password=PASSWORD",
  },
  {
    reply: /^NOPERM/,
    what: () =>
      "has sentinels that do not let their user ask for the master: ACL SETUSER <user> " +
      "+sentinel|get-master-addr-by-name +sentinel|master +hello +auth is enough",
  },
  {
    reply: /^ERR unknown command/,
    what: () => "is asked for where no sentinel is: name a Redis itself by redis://HOST:PORT",
  },
  {
    reply: /No such master/,
    what: (master) =>
      `has sentinels that know no master named "${master}": correct master= in the broker's URL`,
  },
];

/** Errors of TLS, by their code or, where there is none, their text. */
const TLS_REFUSALS: { error: RegExp; what(reason: string): string }[] = [
  {
    error: /ALTNAME|altnames/,
    what: (reason) =>
      `has a certificate for another name (${reason}): name it in the broker's URL as its ` +
      "certificate does, or give it one for this name",
  },
  {
    error: /EXPIRED|NOT_YET_VALID/,
    what: (reason) =>
      `has a certificate that is not valid now (${reason}): renew it, or set the clock`,
  },
  {
    error: /SELF_SIGNED|UNABLE_TO_|UNTRUSTED|CERT_|UnknownIssuer/,
    what: (reason) =>
      `has a certificate that nobody known vouches for (${reason}): name the file with its CA in ` +
      "the broker's URL, as in ?ssl_ca_certs=/etc/taskapp/ca.pem",
  },
  {
    error: /ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA)/,
    what: (reason) =>
      `wants a client certificate, or another one (${reason}): name it in the broker's URL, as in ` +
      "?ssl_certfile=/etc/taskapp/client.pem&ssl_keyfile=/etc/taskapp/client.key",
  },
];

/** The trouble that made a connection fail, or kept it from being made. */
export function fromError(error: unknown, first: boolean): Trouble {
  if (error instanceof TroubleError) return error.trouble;
  return fromReply(replyError(error) ?? "") ?? fromTls(error) ??
    unreachable(reasonOf(error), first);
}

/** The trouble that a sentinel's error reply tells of, if asking again does not help. */
export function fromSentinel(reply: string, master: string): Trouble | undefined {
  const refusal = SENTINEL_REFUSALS.find((each) => each.reply.test(reply));
  return refusal && { kind: "sentinel", what: refusal.what(master), refusal: true };
}

/** The trouble with a certificate. */
export function fromTls(error: unknown): Trouble | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const refusal = TLS_REFUSALS.find((each) => each.error.test(code || reasonOf(error)));
  return refusal && { kind: "certificate", what: refusal.what(reasonOf(error)), refusal: true };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The trouble that an error reply tells of; undefined where the call itself was at fault. */
export function fromReply(text: string): Trouble | undefined {
  // Redis 6.2 wraps what a command in a script was answered.
  const reply = /@user_script: ?\d+: -([A-Z]+ .*)$/.exec(text)?.[1] ?? text;
  const refusal = REFUSALS.find((each) => each.reply.test(reply));
  if (refusal) return { kind: refusal.kind, what: refusal.what(reply), refusal: true };
  if (reply.startsWith("READONLY")) return REPLICA;
  const [kind] = STATE.exec(reply) ?? [];
  if (!kind) return undefined;
  const what = kind === "OOM"
    ? `is full and takes no new tasks (${reply}): raise its maxmemory; what ends makes room too, ` +
      "when its result expires"
    : `does not serve us: ${reply}`;
  return { kind, what, refusal: false };
}

/**
 * The trouble of having no connection.
 * @param first there never was one, so that the address may be wrong
 */
export function unreachable(reason: string, first: boolean): Trouble {
  const advice = first
    ? ": start one there, name another with --broker, " +
      "or use the embedded broker with --broker sqlite:taskapp.db or taskapp dev"
    : "";
  // What the two look like that do not speak the same.
  const tls = first && /ECONNRESET|ETIMEDOUT/.test(reason)
    ? "; with TLS it is named rediss://, without redis://"
    : "";
  return { kind: "away", what: `is not reachable (${reason}${tls})${advice}`, refusal: false };
}

/** What is risky about a Redis that answers this to INFO. */
export function risks(info: string): Risk[] {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
  const found: Risk[] = [];
  if (policy !== "noeviction") {
    const what =
      `drops tasks when it is full (maxmemory-policy ${policy}): have it refuse new ones ` +
      "by CONFIG SET maxmemory-policy noeviction, and write that into its configuration";
    found.push({ level: "warn", what });
  }
  if (/^aof_enabled:0/m.test(info)) {
    const what =
      "keeps no append-only file: after a crash it has what its last snapshot had, if any";
    found.push({ level: "info", what });
  }
  return found;
}
