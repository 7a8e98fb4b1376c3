/** Users, tokens and the audit trail over the HTTP API. */

import type { ApiToken, AuditEntry, Role, User } from "../../jobs/wire.ts";
import { call } from "../api.ts";

export function listUsers(): Promise<{ users: User[] }> {
  return call("GET", "/users");
}

export function addUser(user: { name: string; role: Role; password: string }): Promise<User> {
  return call("POST", "/users", user);
}

/** Another password ends the sessions of that user. */
export function changeUser(
  name: string,
  change: { role: Role } | { password: string },
): Promise<User> {
  return call("PATCH", `/users/${encodeURIComponent(name)}`, change);
}

export function removeUser(name: string): Promise<null> {
  return call("DELETE", `/users/${encodeURIComponent(name)}`);
}

export function listTokens(): Promise<{ tokens: ApiToken[] }> {
  return call("GET", "/tokens");
}

/** The answer is the only one that ever says the token itself. */
export function addToken(
  token: { name: string; role: Role },
): Promise<ApiToken & { token: string }> {
  return call("POST", "/tokens", token);
}

export function removeToken(name: string): Promise<null> {
  return call("DELETE", `/tokens/${encodeURIComponent(name)}`);
}

export interface AuditPage {
  entries: AuditEntry[];
  cursor: string | null;
}

/** A page of the trail, newest first; empty filters count for nothing. */
export function listAudit(
  filter: { actor: string; action: string },
  cursor: string | null,
): Promise<AuditPage> {
  const query = new URLSearchParams({ limit: "100" });
  if (filter.actor) query.set("actor", filter.actor);
  if (filter.action) query.set("action", filter.action);
  if (cursor) query.set("cursor", cursor);
  return call("GET", `/audit?${query}`);
}
