/** What the reader may do, for the buttons: the server decides. */

import { type Role, ROLES } from "../jobs/wire.ts";
import { me } from "./state/session.ts";

/** Whether the reader may do what a role may; else the reason why not. */
export function may(needed: Role): true | string {
  const { role, read_only } = me.value ?? { role: null, read_only: false };
  if (read_only && needed !== "viewer") return "This server is read-only.";
  if (role === null) return "Log in first.";
  if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) return true;
  return `This needs the role ${needed}; yours is ${role}.`;
}
