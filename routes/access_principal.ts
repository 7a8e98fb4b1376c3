/** Who asks. */

import type { Account } from "../jobs/access_directory.ts";
import type { Directory } from "../jobs/access_directory.ts";
import type { Kind } from "../jobs/access_file.ts";
import type { Role, Via } from "../jobs/wire.ts";

export interface Principal {
  /** Null where nobody has to log in. */
  account: { kind: Kind; name: string; mark: string } | null;
  role: Role;
  via: Via;
  /** When this ends by itself, in Unix milliseconds; null for never. */
  expiresAt: number | null;
  /** Which session of the user it is. */
  session: string | null;
}

declare module "hono" {
  interface ContextVariableMap {
    /** Set for every route that is not public. */
    principal: Principal;
  }
}

/** Everyone, where nobody has to log in. */
export const ANYONE: Principal = {
  account: null,
  role: "admin",
  via: "open",
  expiresAt: null,
  session: null,
};

/** Who comes with an account. */
export function principalOf(
  { kind, name, mark, role }: Account,
  via: Via,
  session: { id: string; expiresAt: number } | null = null,
): Principal {
  const account = { kind, name, mark };
  return {
    account,
    role,
    via,
    expiresAt: session?.expiresAt ?? null,
    session: session?.id ?? null,
  };
}

/** Whether somebody may still do what they could when they came. */
export function isStillRight(
  { account, role, expiresAt }: Principal,
  directory: Directory,
  now = Date.now(),
): boolean {
  if (expiresAt !== null && expiresAt <= now) return false;
  if (account === null) return true;
  const present = directory.find(account.kind, account.name);
  return present !== undefined && present.mark === account.mark && present.role === role;
}
