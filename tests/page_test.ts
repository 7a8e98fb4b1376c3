/** The page in a browser, with the real server, a real worker and a real Redis. */

import { assert, assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import type { Json, Task } from "../jobs/wire.ts";
import { TestBrowser } from "./browser.ts";
import { Program } from "./program.ts";
import { freePort, TestRedis } from "./redis.ts";
import { until } from "./until.ts";

/** Redis, a server, a worker and a browser. */
class Site implements AsyncDisposable {
  readonly #port = freePort();
  #server: Program;

  private constructor(
    readonly redis: TestRedis,
    readonly browser: TestBrowser,
    private readonly worker: Program,
  ) {
    this.#server = this.#serve();
  }

  static async start(): Promise<Site> {
    const [redis, browser] = await Promise.all([
      TestRedis.start({ durable: true }),
      TestBrowser.start(),
    ]);
    const worker = Program.start(["work", "-c", "2"], { REDIS_URL: redis.url });
    const site = new Site(redis, browser, worker);
    await site.#up();
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async killServer(): Promise<void> {
    await this.#server.kill("SIGKILL");
  }

  async restartServer(): Promise<void> {
    this.#server = this.#serve();
    await this.#up();
  }

  /** Starts a task as another client would. */
  async task(name: string, args: Json): Promise<string> {
    const response = await fetch(`${this.url}/tasks`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, args }),
    });
    const { task_id } = await response.json();
    return task_id;
  }

  async list(): Promise<Task[]> {
    const { tasks } = await (await fetch(`${this.url}/tasks`)).json();
    return tasks;
  }

  #serve(): Program {
    return Program.start(["serve", "--port", `${this.#port}`], { REDIS_URL: this.redis.url });
  }

  #up(): Promise<void> {
    return until(async () => {
      try {
        const response = await fetch(`${this.url}/readyz`);
        await response.body?.cancel();
        return response.ok;
      } catch {
        return false;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    await this.worker[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

/** Fills in the form, its inputs in order, and sends it off. */
async function start(page: Page, name: string, ...args: string[]): Promise<void> {
  await page.getByLabel("Task", { exact: true }).selectOption(name);
  for (const [index, arg] of args.entries()) await page.locator(`#arg-${index}`).fill(arg);
  await page.getByRole("button", { name: `Start ${name}` }).click();
}

async function observe(page: Page, id: string): Promise<void> {
  await page.getByLabel("Task id to observe").fill(id);
  await page.getByRole("button", { name: "Observe" }).click();
}

function card(page: Page, id: string): Locator {
  return page.locator(`.card[data-task="${id}"]`);
}

function row(page: Page, id: string): Locator {
  return page.locator(`.row[data-task="${id}"]`);
}

/** Waits until a task is shown in a state. */
async function shows(shown: Locator, state: string): Promise<void> {
  await shown.locator(`.badge[data-state="${state}"]`).waitFor();
}

Deno.test("a task started with the form is watched to its result", async () => {
  await using site = await Site.start();
  const { page, complaints } = await site.browser.open(site.url);
  await page.getByText("No tasks yet").waitFor();
  await start(page, "long_running_task", "0.2");
  await shows(page.locator(".card"), "SUCCESS");
  const [task] = await site.list();
  assertExists(task);
  assertEquals(task.args, [0.2]);
  const shown = card(page, task.task_id);
  await shown.getByText("went through 4 stages").waitFor();
  assertEquals(await shown.getByRole("progressbar").getAttribute("aria-valuenow"), "100");
  await shows(row(page, task.task_id), "SUCCESS");
  assertEquals(complaints, []);
});

Deno.test("what is wrong with an argument stands at its field", async () => {
  await using site = await Site.start();
  const { page, complaints } = await site.browser.open(site.url);
  await start(page, "create_task", "9999");
  const message = page.locator("#arg-0-error");
  await message.waitFor();
  assertStringIncludes(await message.innerText(), "3600");
  assertEquals(await page.locator("#arg-0").getAttribute("aria-invalid"), "true");
  await start(page, "divide", "1", "");
  await page.locator("#arg-1-error").waitFor();
  await start(page, "csv_report");
  await page.locator(".refusal").getByText("either").waitFor();
  assertEquals(await site.list(), []);
  assertEquals(complaints, []);
});

Deno.test("tasks are observed by id, several at once, and are there after a reload", async () => {
  await using site = await Site.start();
  const { page, complaints } = await site.browser.open(site.url);
  const running = await site.task("create_task", [60]);
  const failing = await site.task("divide", [1, 0]);
  const later = await site.task("long_running_task", [0.1]);
  const ids = [running, failing, later];
  for (const id of ids) await observe(page, id);
  await observe(page, "no-such-task");
  await card(page, "no-such-task").getByText("There is no task").waitFor();
  await shows(card(page, running), "PROGRESS");
  await shows(card(page, later), "PENDING");
  for (const id of ids) await row(page, id).waitFor();

  await card(page, "no-such-task").getByRole("button", { name: "Stop watching" }).click();
  await page.reload();
  await shows(card(page, failing), "FAILURE");
  await shows(card(page, later), "SUCCESS");
  await shows(card(page, running), "PROGRESS");
  for (const id of ids) await row(page, id).waitFor();
  assertEquals(await page.locator(".card").count(), 3);

  await page.getByLabel("Filter by name").selectOption("divide");
  await row(page, running).waitFor({ state: "detached" });
  await row(page, failing).getByText("division by zero").waitFor();
  assertEquals(await page.locator(".row[data-task]").count(), 1);

  await row(page, failing).getByRole("link").click();
  await page.getByRole("heading", { name: "Error" }).waitFor();
  assertStringIncludes(await page.locator(".stack").innerText(), "divide.ts");
  assertEquals(await page.title(), "divide: FAILURE – taskapp");
  assertEquals(complaints, []);
});

Deno.test("a page whose server is killed and comes back has missed nothing", async () => {
  await using site = await Site.start();
  const overview = await site.browser.open(site.url);
  const opened = await site.browser.open(site.url);
  const id = await site.task("long_running_task", [1]);
  await opened.page.goto(`${site.url}/#/tasks/${id}`);
  await observe(overview.page, id);
  const stages = opened.page.locator(".timeline li[data-state=PROGRESS]");
  await shows(card(overview.page, id), "PROGRESS");
  await stages.first().waitFor();

  await site.killServer();
  const seen = await stages.count();
  assert(seen < 4, "the task should not be over yet");
  const lost = `Disconnected from ${id}. Reconnecting…`;
  const pages = [overview.page, opened.page];
  for (const page of pages) await page.getByText(lost).waitFor();
  await site.restartServer();
  const up = Date.now();
  for (const page of pages) {
    await page.getByText(lost).waitFor({ state: "detached" });
    await page.getByText("Live", { exact: true }).waitFor();
  }
  const back = Date.now() - up;
  assert(back <= 5000, `back after ${back} ms`);

  await shows(card(overview.page, id), "SUCCESS");
  await opened.page.getByText("went through 4 stages").waitFor();
  const texts = await stages.locator(".what").allInnerTexts();
  assertEquals(texts.map((text) => text.split(/\s+/).slice(1).join(" ")), [
    "STARTED 25 %",
    "PROCESSING 50 %",
    "CONCLUDING 75 %",
    "COMPLETED 100 %",
  ]);
  assertEquals([...overview.complaints, ...opened.complaints], []);
});

Deno.test("a task is cancelled, run again and deleted with its buttons", async () => {
  await using site = await Site.start();
  const { page, complaints } = await site.browser.open(site.url);
  await start(page, "create_task", "60");
  await shows(page.locator(".card"), "PROGRESS");
  await page.getByRole("button", { name: "Cancel create_task" }).click();
  await shows(page.locator(".card"), "REVOKED");
  await page.getByRole("button", { name: "Retry create_task" }).click();
  await shows(page.locator(".card"), "PROGRESS");

  await page.locator(".card h3 a").click();
  await page.getByRole("heading", { name: "create_task" }).waitFor();
  const attempt = page.locator(".facts div", { hasText: "Attempt" }).locator("dd");
  assertEquals(await attempt.innerText(), "2");
  await page.getByRole("button", { name: "Cancel create_task" }).click();
  await shows(page.locator(".opened-head"), "REVOKED");
  await page.goBack();
  await shows(page.locator(".card"), "REVOKED");
  await page.goForward();
  await page.getByRole("button", { name: "Delete create_task" }).click();
  await page.getByText("No tasks yet").waitFor();
  assertEquals(await page.locator(".card").count(), 0);
  assertEquals(complaints, []);
});

Deno.test("without Redis the page says so, and goes on when it is back", async () => {
  await using site = await Site.start();
  const { page, complaints } = await site.browser.open(site.url);
  await page.getByText("No tasks yet").waitFor();
  await site.redis.down();
  await page.locator(".banner").getByText("Trying again…").waitFor();
  await site.redis.up();
  await page.locator(".banner").waitFor({ state: "detached" });
  await start(page, "long_running_task", "0");
  await shows(page.locator(".card"), "SUCCESS");
  assertEquals(complaints, []);
});

Deno.test("nothing is wider than a phone of 360 pixels", async () => {
  await using site = await Site.start();
  const words = "an-argument-without-any-space-".repeat(3);
  const id = await site.task("test_celery", [words]);
  const { page, complaints } = await site.browser.open(site.url, { width: 360, height: 740 });
  const width = () => page.evaluate("document.documentElement.scrollWidth");
  await observe(page, id);
  await shows(card(page, id), "PROGRESS");
  assertEquals(await width(), 360);
  await card(page, id).getByRole("link").click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  assertEquals(await width(), 360);
  assertEquals(complaints, []);
});
