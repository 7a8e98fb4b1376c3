/** Queues in a browser: their lengths, who serves them, pausing, limiting, purging. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import type { QueueInfo, SummaryPage } from "../jobs/wire.ts";
import { violationsInBothThemes } from "./axe.ts";
import { logIn, PageSite } from "./page_kit.ts";
import { until } from "./until.ts";

const row = (page: Page, name: string): Locator =>
  page.getByRole("table", { name: "Queues" }).getByRole("row")
    .filter({ has: page.getByRole("link", { name, exact: true }) });

/** A figure at the top of a queue's page. */
const number = async (page: Page, label: string): Promise<string> =>
  await page.locator(".numbers div", { hasText: label }).locator("dd").innerText();

const cell = async (page: Page, name: string, label: string): Promise<string> =>
  await row(page, name).locator(`td[data-label="${label}"]`).innerText();

const queue = async (site: PageSite, name: string): Promise<QueueInfo | undefined> =>
  (await site.api<{ queues: QueueInfo[] }>("GET", "/queues")).queues
    .find((each) => each.name === name);

async function start(site: PageSite, name: string, into: string, countdown?: number) {
  const args = name === "count_primes" ? [1000] : ["word"];
  const { task_id } = await site.api<{ task_id: string }>("POST", "/tasks", {
    name,
    args,
    queue: into,
    ...(countdown !== undefined && { countdown }),
  });
  return task_id;
}

Deno.test("the queues tell what waits, what is late and that nobody serves them", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/queues");
  for (let i = 0; i < 3; i++) await start(site, "count_primes", "reports");
  await start(site, "count_primes", "reports", 600);
  await row(page, "reports").getByText("no worker").waitFor();
  await until(async () => await cell(page, "reports", "Waiting") === "3");
  await until(async () => await cell(page, "reports", "Scheduled") === "1");
  assertEquals(await cell(page, "reports", "Workers"), "none");
  await until(async () => /^[2-9] s$/.test(await cell(page, "reports", "Oldest wait")));
  await until(async () => await row(page, "default").getByText("no worker").count() === 0);
  await row(page, "default").locator('td[data-label="Workers"] a').waitFor();
  assertEquals(await violationsInBothThemes(page), []);

  // Anywhere in its row, where the link lies above all.
  await row(page, "reports").locator('td[data-label="Limits"]').click({ force: true });
  await page.getByRole("heading", { name: "reports", level: 1 }).waitFor();
  await page.getByText("taskapp work -Q reports").waitFor();
  const next = page.getByRole("table", { name: "Next tasks" });
  await next.getByRole("row").nth(4).waitFor();
  assertMatch(await next.getByRole("row").nth(4).innerText(), /in 9 min|in 10 min/);
  assertEquals(
    await page.getByRole("main").getByRole("link", { name: "Start a task" }).getAttribute("href"),
    "#/start?queue=reports",
  );
  assertEquals(await violationsInBothThemes(page), []);
  site.noComplaints();
});

Deno.test("a queue is paused, and resumed by taking that back", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/queues/default");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("paused", { exact: true }).waitFor();
  assertEquals((await queue(site, "default"))?.paused, true);
  await start(site, "count_primes", "default");
  await until(async () => await number(page, "Waiting") === "1");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("paused", { exact: true }).waitFor({ state: "detached" });
  await until(async () => await number(page, "Waiting") === "0");
  assertEquals((await queue(site, "default"))?.paused, false);

  // The same from the list.
  await page.getByRole("link", { name: "Queues" }).first().click();
  await page.getByRole("button", { name: "Actions for default" }).click();
  await page.getByRole("menuitem", { name: "Pause" }).click();
  await row(page, "default").getByText("paused").waitFor();

  // And by keyboard alone.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("resume def");
  await page.keyboard.press("Enter");
  await row(page, "default").getByText("paused").waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("default");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "default", level: 1 }).waitFor();
  site.noComplaints();
});

Deno.test("limits are changed where they stand, and the server has the last word", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/queues/default");
  const rate = page.getByLabel("Rate limit", { exact: true });
  const limit = (label: string) => page.locator(".limit", { hasText: label });

  await page.getByRole("button", { name: "Change the rate limit" }).click();
  await rate.fill("fast");
  await rate.press("Enter");
  await page.getByRole("alert").getByText("This is no rate").waitFor();
  assertEquals(await rate.getAttribute("aria-invalid"), "true");
  assertEquals(await violationsInBothThemes(page), []);
  await rate.fill("100/m");
  await rate.press("Enter");
  await limit("Rate limit").locator("strong", { hasText: "100/m" }).waitFor();
  assertEquals((await queue(site, "default"))?.rate_limit, "100/m");

  await page.getByRole("button", { name: "Change the concurrency limit" }).click();
  const concurrency = page.getByLabel("Concurrency limit", { exact: true });
  await concurrency.fill("0");
  await page.getByRole("button", { name: "Save" }).click();
  const refusal = await page.locator("#concurrency-limit-error").innerText();
  assertStringIncludes(refusal, "1");
  await concurrency.press("Escape");
  await limit("Concurrency limit").getByText("none").waitFor();

  await page.getByRole("button", { name: "Change the rate limit" }).click();
  await rate.fill("");
  await rate.press("Enter");
  await limit("Rate limit").getByText("none").waitFor();
  assertEquals((await queue(site, "default"))?.rate_limit, null);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await limit("Rate limit").locator("strong", { hasText: "100/m" }).waitFor();
  site.noComplaints();
});

Deno.test("a queue is purged by who types its name", async () => {
  await using site = await PageSite.start();
  for (let i = 0; i < 4; i++) await start(site, "count_primes", "reports");
  await start(site, "count_primes", "reports", 600);
  const page = await site.open("#/queues/reports");
  await until(async () => await number(page, "Waiting") === "4");
  await page.getByRole("button", { name: "Purge" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("5 tasks of the queue reports that wait will be revoked.").waitFor();
  const go = dialog.getByRole("button", { name: "Revoke 5 tasks" });
  assertEquals(await go.getAttribute("aria-disabled"), "true");
  await dialog.getByRole("textbox").fill("report");
  assertEquals(await go.getAttribute("aria-disabled"), "true");
  await dialog.getByRole("textbox").fill("reports");
  await go.click();
  await page.getByText("5 tasks of reports revoked.").waitFor();
  await until(async () => {
    const revoked = await site.api<SummaryPage>("GET", "/tasks?view=summary&state=REVOKED");
    return revoked.tasks.length === 5;
  });
  site.noComplaints();
});

Deno.test("who may only look sees why the buttons of a queue do nothing", async () => {
  await using site = await PageSite.start({ logins: true });
  const page = await site.open("#/queues/default");
  await logIn(page, "viewer");
  const pause = page.getByRole("button", { name: "Pause" });
  await pause.waitFor();
  assertEquals(await pause.getAttribute("aria-disabled"), "true");
  assertStringIncludes(await pause.getAttribute("title") ?? "", "operator");
  await pause.click({ force: true });
  assertEquals((await queue(site, "default"))?.paused, false);
  site.noComplaints();
});

Deno.test("neither a phone nor a tablet has to scroll sideways, whatever a queue is called", async () => {
  await using site = await PageSite.start({ worker: false });
  const name = "a_very_long_queue_name_".repeat(5);
  await start(site, "count_primes", name);
  const page = await site.open(`#/queues/${name}`, { width: 360, height: 740 });
  for (const hash of [`#/queues/${name}`, "#/queues", "#/", "#/system"]) {
    await page.goto(`${site.url}/${hash}`);
    await page.locator("main .card").first().waitFor();
    for (const width of [360, 820]) {
      await page.setViewportSize({ width, height: 740 });
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width, hash);
    }
  }
  site.noComplaints();
});
