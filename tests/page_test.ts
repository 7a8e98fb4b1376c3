/** Tasks in a browser: started, watched, cancelled, with a real server, a real worker and a real Redis. */

import { assert, assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import { PageSite, shows } from "./page_kit.ts";

/** Fills in the form, its inputs in order, and sends it off. */
async function start(page: Page, name: string, ...args: string[]): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/#/start/${name}`);
  const button = page.getByRole("button", { name: `Start ${name}` });
  await button.waitFor();
  for (const [index, arg] of args.entries()) await page.locator(`#arg-${index}`).fill(arg);
  await button.click();
}

async function observe(page: Page, id: string): Promise<void> {
  await page.getByLabel("Task id to observe").fill(id);
  await page.getByRole("button", { name: "Observe" }).click();
}

function card(page: Page, id: string): Locator {
  return page.locator(`.watched[data-task="${id}"]`);
}

function row(page: Page, id: string): Locator {
  return page.locator(`.row[data-task="${id}"]`);
}

Deno.test("a task started with the form is watched to its result", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/tasks");
  await page.getByText("No tasks yet").waitFor();
  await start(page, "long_running_task", "0.2");
  await shows(page.locator(".page-head"), "SUCCESS");
  const [task] = await site.list();
  assertExists(task);
  assertEquals(task.args, [0.2]);
  await page.getByText("went through 4 stages").waitFor();
  assertEquals(await page.getByRole("progressbar").getAttribute("aria-valuenow"), "100");
  await page.goto(`${site.url}/#/tasks`);
  await shows(card(page, task.task_id), "SUCCESS");
  await shows(row(page, task.task_id), "SUCCESS");
  site.noComplaints();
});

Deno.test("what is wrong with an argument stands at its field", async () => {
  await using site = await PageSite.start();
  const page = await site.open();
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
  site.noComplaints();
});

Deno.test("tasks are observed by id, several at once, and are there after a reload", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/tasks");
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
  assertEquals(await page.locator(".watched").count(), 3);

  await page.getByLabel("Filter by name").selectOption("divide");
  await row(page, running).waitFor({ state: "detached" });
  await row(page, failing).getByText("division by zero").waitFor();
  assertEquals(await page.locator(".row[data-task]").count(), 1);

  await row(page, failing).getByRole("link").click();
  await page.getByRole("heading", { name: "Error" }).waitFor();
  assertStringIncludes(await page.locator(".stack").innerText(), "divide.ts");
  assertEquals(await page.title(), "divide: FAILURE – taskapp");
  site.noComplaints();
});

Deno.test("a page whose server is killed and comes back has missed nothing", async () => {
  await using site = await PageSite.start();
  const list = await site.open("#/tasks");
  const id = await site.task("long_running_task", [1]);
  const opened = await site.open(`#/tasks/${id}`);
  await observe(list, id);
  const stages = opened.locator(".timeline li[data-state=PROGRESS]");
  await shows(card(list, id), "PROGRESS");
  await stages.first().waitFor();

  await site.killServer();
  const seen = await stages.count();
  assert(seen < 4, "the task should not be over yet");
  const lost = `Disconnected from ${id}. Reconnecting…`;
  for (const page of [list, opened]) await page.getByText(lost).waitFor();
  await site.restartServer();
  const up = Date.now();
  for (const page of [list, opened]) {
    await page.getByText(lost).waitFor({ state: "detached" });
    await page.getByText("Live", { exact: true }).waitFor();
  }
  const back = Date.now() - up;
  assert(back <= 5000, `back after ${back} ms`);

  await shows(card(list, id), "SUCCESS");
  await opened.getByText("went through 4 stages").waitFor();
  const texts = await stages.locator(".what").allInnerTexts();
  assertEquals(texts.map((text) => text.split(/\s+/).slice(1).join(" ")), [
    "STARTED 25 %",
    "PROCESSING 50 %",
    "CONCLUDING 75 %",
    "COMPLETED 100 %",
  ]);
  site.noComplaints();
});

Deno.test("a task is cancelled, run again and deleted with its buttons", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/tasks");
  await start(page, "create_task", "60");
  await shows(page.locator(".page-head"), "PROGRESS");
  await page.getByRole("link", { name: "Tasks", exact: true }).first().click();
  await shows(page.locator(".watched"), "PROGRESS");
  await page.getByRole("button", { name: "Cancel create_task" }).click();
  await shows(page.locator(".watched"), "REVOKED");
  await page.getByRole("button", { name: "Retry create_task" }).click();
  await shows(page.locator(".watched"), "PROGRESS");

  await page.locator(".watched h3 a").click();
  await page.getByRole("heading", { name: "create_task" }).waitFor();
  const attempt = page.locator(".facts div", { hasText: "Attempt" }).locator("dd");
  assertEquals(await attempt.innerText(), "2");
  await page.getByRole("button", { name: "Cancel create_task" }).click();
  await shows(page.locator(".page-head"), "REVOKED");
  await page.goBack();
  await shows(page.locator(".watched"), "REVOKED");
  await page.goForward();
  await page.getByRole("button", { name: "Delete create_task" }).click();
  await page.getByText("No tasks yet").waitFor();
  assertEquals(await page.locator(".watched").count(), 0);
  site.noComplaints();
});

Deno.test("without Redis the page says so, and goes on when it is back", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/tasks");
  await page.getByText("No tasks yet").waitFor();
  await site.redis.down();
  await page.locator(".banner").getByText("Trying again…").waitFor();
  await site.redis.up();
  await page.locator(".banner").waitFor({ state: "detached" });
  await start(page, "long_running_task", "0");
  await shows(page.locator(".page-head"), "SUCCESS");
  site.noComplaints();
});

Deno.test("nothing is wider than a phone of 360 pixels", async () => {
  await using site = await PageSite.start();
  const words = "an-argument-without-any-space-".repeat(3);
  const id = await site.task("test_celery", [words]);
  const page = await site.open("#/tasks", { width: 360, height: 740 });
  const width = () => page.evaluate("document.documentElement.scrollWidth");
  await observe(page, id);
  await shows(card(page, id), "PROGRESS");
  assertEquals(await width(), 360);
  await card(page, id).getByRole("link").click();
  await page.getByRole("heading", { name: "Timeline" }).waitFor();
  assertEquals(await width(), 360);
  site.noComplaints();
});
