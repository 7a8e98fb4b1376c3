/** What the tests of the pages start: a Redis, servers, a worker and a browser. */

import { assertEquals } from "@std/assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { Locator, Page } from "playwright-core";
import { hashPassword } from "../jobs/access_secrets.ts";
import { type Json, ROLES, type Task } from "../jobs/wire.ts";
import { TestBrowser, type TestPage } from "./browser.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

export interface SiteOptions {
  /** How many servers; one without. */
  servers?: number;
  /** Whether people have to log in: then there is a user of each role, who is called like it. */
  logins?: boolean;
  /** More of the servers' command line and environment. */
  args?: string[];
  env?: Record<string, string>;
  /** Whether a worker is started: one is, unless this is false. */
  worker?: boolean;
}

/** Of every user. */
export const PASSWORD = "correct horse battery staple";

/** Servers on one Redis, a worker and a browser. */
export class PageSite implements AsyncDisposable {
  readonly #ports: number[];
  readonly #servers: Program[];
  readonly #opened: TestPage[] = [];

  private constructor(
    readonly redis: TestRedis,
    readonly browser: TestBrowser,
    private readonly options: SiteOptions,
    private readonly worker: Program | null,
    private readonly dir: string,
  ) {
    this.#ports = Array.from({ length: options.servers ?? 1 }, freePort);
    this.#servers = this.#ports.map((port) => this.#serve(port));
  }

  static async start(options: SiteOptions = {}): Promise<PageSite> {
    const [redis, browser] = await Promise.all([
      TestRedis.start({ durable: true }),
      TestBrowser.start(),
    ]);
    const worker = options.worker === false
      ? null
      : Program.start(["work", "-c", "2"], { REDIS_URL: redis.url });
    const dir = await mkdtemp(`${tmpdir()}/taskapp-page-`);
    if (options.logins) {
      const hash = await hashPassword(PASSWORD);
      await Deno.writeTextFile(
        `${dir}/users`,
        ROLES.map((role) => `${role}:${role}:${hash}\n`).join(""),
      );
    }
    const site = new PageSite(redis, browser, options, worker, dir);
    await Promise.all(site.#ports.map((_, which) => site.#up(which)));
    return site;
  }

  get url(): string {
    return this.urlOf(0);
  }

  /** The address of one of the servers. */
  urlOf(which: number): string {
    return `http://127.0.0.1:${this.#ports[which]}`;
  }

  /**
   * Opens an address of the page, such as `#/tasks`, in a profile of its own. What the browser
   * complains of by the end of the test makes it fail.
   */
  async open(hash = "#/", viewport?: { width: number; height: number }): Promise<TestPage["page"]> {
    const opened = await this.browser.open(`${this.url}/${hash}`, viewport);
    this.#opened.push(opened);
    return opened.page;
  }

  async killServer(which = 0): Promise<void> {
    await this.#servers[which]?.kill("SIGKILL");
  }

  async restartServer(which = 0): Promise<void> {
    this.#servers[which] = this.#serve(this.#ports[which] ?? 0);
    await this.#up(which);
  }

  /** Opens the page and logs in there. */
  async openAs(user: string, hash = "#/", viewport?: { width: number; height: number }) {
    const page = await this.open(hash, viewport);
    await logIn(page, user);
    await page.getByLabel("Password").waitFor({ state: "detached" });
    return page;
  }

  /** Asks the API as another client would: with a token, or as the admin where people log in. */
  async api<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
    const basic = this.options.logins && `Basic ${btoa(`admin:${PASSWORD}`)}`;
    const authorization = token ? `Bearer ${token}` : basic;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(authorization && { authorization }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return JSON.parse(text || "null");
  }

  /** Starts a task; answers its id. */
  async task(name: string, args: Json): Promise<string> {
    return (await this.api<{ task_id: string }>("POST", "/tasks", { name, args })).task_id;
  }

  async list(): Promise<Task[]> {
    return (await this.api<{ tasks: Task[] }>("GET", "/tasks")).tasks;
  }

  /** Fails if a browser has complained. */
  noComplaints(): void {
    assertEquals(this.#opened.flatMap(({ complaints }) => complaints), []);
  }

  #serve(port: number): Program {
    const { args = [], env = {}, logins } = this.options;
    return Program.start(["serve", "--port", `${port}`, ...args], {
      REDIS_URL: this.redis.url,
      ...(logins && { TASKAPP_USERS_FILE: `${this.dir}/users` }),
      ...env,
    }, this.dir);
  }

  #up(which: number): Promise<void> {
    return until(async () => {
      try {
        const response = await fetch(`${this.urlOf(which)}/readyz`);
        await response.body?.cancel();
        return response.ok;
      } catch {
        return false;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    await this.worker?.[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true });
  }
}

/** Fills in the form of the login page. */
export async function logIn(page: Page, user: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Waits until a page shows what it loads. */
export async function settled(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  await until(async () => await page.locator("main .loading").count() === 0);
}

/** Waits until a task is shown in a state. */
export async function shows(shown: Locator, state: string): Promise<void> {
  await shown.locator(`.badge[data-state="${state}"]`).first().waitFor();
}
