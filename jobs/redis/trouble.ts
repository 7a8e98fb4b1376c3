/** What may be wrong with a Redis, and what its user can do about it. */

/** Why Redis does not serve us. */
export interface Trouble {
  /** The same for as long as it is the same trouble. */
  kind: string;
  /** Completes a sentence that begins with the server's name. */
  what: string;
  /** It will not serve us as we are configured, so waiting does not help. */
  refusal: boolean;
}

/** Replies that tell of the server's state, not of a fault of ours. */
const STATE = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|NOREPLICAS|MISCONF)/;

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
      "ACL SETUSER <user> ~taskapp:* &taskapp:* +@all -@dangerous +info +client|list is enough",
  },
  {
    kind: "database",
    reply: /DB index is out of range|SELECT is not allowed/,
    what: () => "has no database of this number: name another in the broker's URL, or none",
  },
];

/** The trouble that an error reply tells of; undefined where the call itself was at fault. */
export function fromReply(reply: string): Trouble | undefined {
  const refusal = REFUSALS.find((each) => each.reply.test(reply));
  if (refusal) return { kind: refusal.kind, what: refusal.what(reply), refusal: true };
  const [kind] = STATE.exec(reply) ?? [];
  return kind ? { kind, what: `does not serve us: ${reply}`, refusal: false } : undefined;
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
  return { kind: "away", what: `is not reachable (${reason})${advice}`, refusal: false };
}
