/** What the reader may do, for buttons and pages: the server decides. */

import { isAtLeast, type Role } from "../jobs/wire.ts";
import { me } from "./state/session.ts";

/** Whether the reader may change what a role may change; else the reason why not. */
export function may(needed: Role): true | string {
  if (me.value?.read_only) return "This server is read-only.";
  return hasRole(needed);
}

/** Whether the reader may see what a role may see; else the reason why not. */
export function hasRole(needed: Role): true | string {
  const role = me.value?.role ?? null;
  if (role === null) return "Log in first.";
  return isAtLeast(role, needed) || `This needs the role ${needed}; yours is ${role}.`;
}
