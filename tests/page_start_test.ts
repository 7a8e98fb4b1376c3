/** The page Start in a browser: starting tasks, watching them, with a real server, worker and Redis. */

import { assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import { violationsInBothThemes } from "./axe.ts";
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

Deno.test("a task started with the form is watched to its result beside it", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/start");
  await page.getByText("Tasks that you start").waitFor();
  await start(page, "long_running_task", "0.2");
  await shows(page.locator(".watched"), "SUCCESS");
  const [task] = await site.list();
  assertExists(task);
  assertEquals(task.args, [0.2]);
  await card(page, task.task_id).getByText("went through 4 stages").waitFor();
  const bar = card(page, task.task_id).getByRole("progressbar");
  assertEquals(await bar.getAttribute("aria-valuenow"), "100");
  await page.locator(".started").getByRole("link").click();
  await page.getByRole("heading", { name: "long_running_task" }).waitFor();
  assertEquals(new URL(page.url()).hash, `#/tasks/${task.task_id}`);
  site.noComplaints();
});

Deno.test("what is wrong with an argument or an option stands at its field", async () => {
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

  await page.goto(`${site.url}/#/start/create_task`);
  await page.getByText("More options").click();
  await page.getByLabel("Unique until").fill("maybe");
  await page.getByLabel("Queue").fill("not a queue");
  await page.getByRole("button", { name: "Start create_task" }).click();
  await page.locator("#queue-error").waitFor();
  await page.getByLabel("How many tasks").fill("1001");
  await page.getByRole("button", { name: "Start create_task" }).click();
  await page.locator("#times-error").getByText("1000").waitFor();
  assertEquals(await site.list(), []);
  site.noComplaints();
});

Deno.test("arguments are JSON as well, and the call is shown for other places", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/start/divide?args=[8,2]&queue=mail&max_retries=0");
  assertEquals(await page.locator("#arg-0").inputValue(), "8");
  assertEquals(await page.getByLabel("Queue").inputValue(), "mail");
  await page.getByRole("button", { name: "JSON", exact: true }).click();
  const box = page.getByLabel("JSON", { exact: true });
  assertEquals(JSON.parse(await box.inputValue()), [8, 2]);
  await box.fill("[8, 4");
  await page.getByRole("button", { name: "Start divide" }).click();
  await page.locator("#args-json-error").getByText("This is not JSON").waitFor();
  await box.fill('[8, "four"]');
  await page.getByRole("button", { name: "Start divide" }).click();
  await page.locator("#args-json-error").getByText("1:").waitFor();
  await box.fill("[8, 4]");
  await page.getByText("The same call").click();
  const text = page.locator(".call-texts pre");
  assertStringIncludes(await text.innerText(), `curl ${site.url}/tasks`);
  await page.getByRole("button", { name: "Command line" }).click();
  assertStringIncludes(await text.innerText(), "taskapp call divide '[8,4]'");
  await page.getByRole("button", { name: "TypeScript" }).click();
  assertStringIncludes(await text.innerText(), "divide.applyAsync([8,4]");
  await page.getByRole("button", { name: "Form", exact: true }).click();
  assertEquals(await page.locator("#arg-1").inputValue(), "4");
  await page.getByRole("button", { name: "Start divide" }).click();
  await page.locator(".started").getByRole("link").waitFor();
  const [task] = await site.list();
  assertEquals([task?.args, task?.queue, task?.max_retries], [[8, 4], "mail", 0]);
  site.noComplaints();
});

Deno.test("arguments that were used are kept, and several tasks start at once", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open();
  await start(page, "divide", "6", "3");
  await page.locator(".started").waitFor();
  await start(page, "divide", "5", "1");
  await page.getByText("More options").click();
  await page.getByLabel("How many tasks").fill("3");
  await page.getByRole("button", { name: "Start divide" }).click();
  await page.locator(".started").getByText("and 2 more").waitFor();
  assertEquals((await site.list()).length, 5);
  assertEquals(await page.locator(".watched").count(), 5);

  await page.reload();
  await page.getByRole("button", { name: "Recent arguments" }).click();
  await page.getByRole("menuitem", { name: "[6,3]" }).click();
  assertEquals(await page.locator("#arg-0").inputValue(), "6");
  await page.getByRole("button", { name: "Recent arguments" }).click();
  await page.getByRole("menuitem", { name: "Forget these" }).click();
  await page.getByRole("button", { name: "Recent arguments" }).waitFor({ state: "detached" });
  site.noComplaints();
});

Deno.test("tasks are observed by id, several at once, and are there after a reload", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/start");
  const running = await site.task("create_task", [60]);
  const failing = await site.task("divide", [1, 0]);
  const later = await site.task("long_running_task", [0.1]);
  const ids = [running, failing, later];
  for (const id of ids) await observe(page, id);
  await observe(page, "no-such-task");
  await card(page, "no-such-task").getByText("There is no task").waitFor();
  await shows(card(page, running), "PROGRESS");
  await shows(card(page, later), "PENDING");

  await card(page, "no-such-task").getByRole("button", { name: "Stop watching" }).click();
  await page.reload();
  await shows(card(page, failing), "FAILURE");
  await shows(card(page, later), "SUCCESS");
  await shows(card(page, running), "PROGRESS");
  assertEquals(await page.locator(".watched").count(), 3);

  await page.getByRole("button", { name: "Stop now: create_task" }).click();
  await shows(card(page, running), "REVOKED");
  await page.getByRole("button", { name: "Retry create_task" }).click();
  await shows(card(page, running), "PROGRESS");
  assertEquals(await violationsInBothThemes(page), []);
  site.noComplaints();
});

Deno.test("the form is usable with a phone, and for who does not see it", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/start/webhook", { width: 360, height: 740 });
  await page.getByText("More options").click();
  await page.getByText("The same call").click();
  assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 360);
  assertEquals(await violationsInBothThemes(page), []);
  await page.getByRole("button", { name: "Start webhook" }).click();
  await page.locator("#arg-body-error").waitFor();
  assertEquals(await violationsInBothThemes(page), []);
  site.noComplaints();
});
