/** An app that wants a login, with a user and a token of each role. */

import { assertEquals, assertExists } from "@std/assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { CredentialFile } from "../jobs/access_file.ts";
import { hashPassword, hashToken, newToken } from "../jobs/access_secrets.ts";
import { type Role, ROLES } from "../jobs/wire.ts";
import type { AccessSettings } from "../routes/access_parts.ts";
import { TestApp } from "./routes_app.ts";
import { startSqlite, type TestStore } from "./stores.ts";

export const PASSWORD = "correct horse battery staple";
const hash = await hashPassword(PASSWORD);

/** What a page of ours sends. */
export const PAGE = { "x-requested-with": "taskapp", "sec-fetch-site": "same-origin" };

export class Secured implements AsyncDisposable {
  private constructor(
    readonly test: TestApp,
    private readonly dir: string,
    /** The secret of each role's token. */
    readonly tokens: Record<Role, string>,
  ) {}

  static async start(
    settings: Partial<AccessSettings> = {},
    store?: TestStore,
  ): Promise<Secured> {
    const dir = await mkdtemp(`${tmpdir()}/taskapp-access-`);
    const tokens = { viewer: newToken(), operator: newToken(), admin: newToken() };
    const lines = (text: (role: Role) => string) => ROLES.map((role) => `${text(role)}\n`).join("");
    await Deno.writeTextFile(`${dir}/users`, lines((role) => `the-${role}:${role}:${hash}`));
    await Deno.writeTextFile(
      `${dir}/tokens`,
      lines((role) => `${role}s:${role}:${hashToken(tokens[role])}`),
    );
    const files = {
      user: new CredentialFile("user", `${dir}/users`),
      token: new CredentialFile("token", `${dir}/tokens`),
    };
    const test = TestApp.on(store ?? await startSqlite(), { access: { files, ...settings } });
    return new Secured(test, dir, tokens);
  }

  /** Writes one of the two files anew. */
  write(file: "users" | "tokens", text: string): Promise<void> {
    return Deno.writeTextFile(`${this.dir}/${file}`, text);
  }

  request(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: unknown,
  ): Promise<Response> {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? undefined : { "content-type": "application/json" };
    const request = this.test.app.request(path, {
      method,
      headers: { ...type, ...headers },
      ...json,
    });
    return Promise.resolve(request);
  }

  bearer(role: Role): Record<string, string> {
    return { authorization: `Bearer ${this.tokens[role]}` };
  }

  tryLogin(user: string, password: string): Promise<Response> {
    return this.request("POST", "/login", PAGE, { user, password });
  }

  /** Logs in; answers the headers that come with the session. */
  async login(user: string, password = PASSWORD): Promise<{ cookie: string }> {
    const response = await this.tryLogin(user, password);
    assertEquals(response.status, 200, await response.text());
    return { cookie: cookieOf(response) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.test[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true });
  }
}

/** The cookie that an answer sets, as a browser sends it back. */
export function cookieOf(response: Response): string {
  const cookie = response.headers.get("set-cookie");
  assertExists(cookie);
  return cookie.split(";")[0] ?? "";
}

export function basic(user: string, password = PASSWORD): { authorization: string } {
  return { authorization: `Basic ${btoa(`${user}:${password}`)}` };
}
