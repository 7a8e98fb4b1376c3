/** The page Schedules, in a real browser: what is made there really runs. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import type { Schedule, ScheduleRun, Task } from "../jobs/wire.ts";
import { violationsInBothThemes } from "./axe.ts";
import { PageSite } from "./page_kit.ts";
import { until } from "./until.ts";

const toast = (page: Page, text: string) => page.locator(".toast").filter({ hasText: text });
const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });

function make(site: PageSite, name: string, definition: object): Promise<Schedule> {
  return site.api("POST", "/schedules", { name, task: "divide", args: [1, 2], ...definition });
}

function get(site: PageSite, name: string): Promise<Schedule> {
  return site.api("GET", `/schedules/${name}`);
}

Deno.test("a schedule made in the form runs, and its history tells of it", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/schedules");
  await page.getByText("Nothing is scheduled yet.").waitFor();
  await page.getByRole("button", { name: "Make the first schedule" }).click();

  await page.getByLabel("Name", { exact: true }).fill("beat");
  await page.getByLabel("Task", { exact: true }).selectOption("create_task");
  await page.getByLabel("Length").fill("1");
  await page.getByLabel("At intervals").check();
  await page.getByLabel("Every", { exact: true }).fill("2");
  await page.getByLabel("Unit").selectOption("seconds");
  const preview = page.getByRole("region", { name: "Preview" });
  await preview.getByText("Every 2 seconds").waitFor();
  await until(async () => await preview.getByRole("listitem").count() === 5);
  await page.getByText("How its tasks run").click();
  await page.getByLabel("Priority").selectOption("high");
  assertEquals(await violationsInBothThemes(page), []);
  await page.getByRole("button", { name: "Make schedule" }).click();

  await page.getByRole("heading", { name: "beat", level: 1 }).waitFor();
  assertEquals(await page.title(), "beat – taskapp");
  const { every, priority, args } = await get(site, "beat");
  assertEquals({ every, priority, args }, { every: 2, priority: "high", args: [1] });
  await page.getByRole("table", { name: /^Runs/ }).getByText("SUCCESS").first().waitFor();
  const ended = (await site.list()).filter(({ status }) => status === "SUCCESS");
  assertEquals(ended.map(({ schedule }) => schedule)[0], "beat");
  assertEquals(ended[0]?.result, "worked for 1 s");
  site.noComplaints();
});

Deno.test("cron and zone are checked while they are typed, and said in words", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/schedules/new");
  const cron = page.getByLabel("Cron expression");
  const preview = page.getByRole("region", { name: "Preview" });
  await cron.fill("30 2 * * *");
  await page.getByLabel("Time zone").fill("Asia/Tokyo");
  await preview.getByText("At 02:30 every day").waitFor();
  await preview.getByText("By the clock of Asia/Tokyo.").waitFor();
  assertStringIncludes(await preview.getByRole("listitem").first().innerText(), "02:30:00");

  await cron.fill("61 2 * * *");
  await page.locator("#cron-error").getByText("minute must be from 0 to 59").waitFor();
  assertEquals(await cron.getAttribute("aria-invalid"), "true");
  assertEquals(await violationsInBothThemes(page), []);
  await page.getByRole("button", { name: "Weekdays" }).click();
  await page.locator("#cron-error").waitFor({ state: "detached" });
  await preview.getByText("At 09:00, Monday to Friday").waitFor();

  await page.getByLabel("Time zone").fill("Asia/Tokio");
  await page.locator("#timezone-error").getByText("is not an IANA time zone").waitFor();
  await page.getByLabel("Time zone").fill("UTC");
  await page.getByLabel("Name", { exact: true }).fill("not a name");
  await page.getByLabel("Task", { exact: true }).selectOption("create_task");
  await page.getByLabel("Length").fill("9999");
  await page.getByRole("button", { name: "Make schedule" }).click();
  await page.locator("#name-error").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("good-name");
  await page.getByRole("button", { name: "Make schedule" }).click();
  await page.locator("#arg-0-error").getByText("3600").waitFor();
  const { schedules } = await site.api<{ schedules: Schedule[] }>("GET", "/schedules");
  assertEquals(schedules, []);
  site.noComplaints();
});

Deno.test("a schedule is run now, paused with a way back, and found by its name", async () => {
  await using site = await PageSite.start();
  await make(site, "nightly", { cron: "30 2 * * *", timezone: "Europe/Berlin" });
  await make(site, "often", { every: 3600 });
  const page = await site.open("#/schedules");
  await row(page, "nightly").getByText("At 02:30 every day").waitFor();

  await page.getByRole("button", { name: "Run nightly now" }).click();
  await toast(page, "nightly runs now").getByRole("link").click();
  await page.getByRole("heading", { name: "divide", level: 1 }).waitFor();
  await page.goBack();

  await page.getByRole("button", { name: "Pause nightly" }).click();
  await row(page, "nightly").getByText("paused", { exact: true }).waitFor();
  assert((await get(site, "nightly")).paused);
  await toast(page, "nightly is paused").getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Pause nightly" }).waitFor();
  assertEquals((await get(site, "nightly")).paused, false);

  await page.getByLabel("Search schedules").fill("oft");
  await row(page, "nightly").waitFor({ state: "detached" });
  assertStringIncludes(page.url(), "q=oft");
  await page.reload();
  await row(page, "often").waitFor();
  assertEquals(await violationsInBothThemes(page), []);
  assertEquals(await row(page, "nightly").count(), 0);
  site.noComplaints();
});

Deno.test("a schedule is changed, copied and deleted", async () => {
  await using site = await PageSite.start({ worker: false });
  await make(site, "nightly", { cron: "30 2 * * *", timezone: "Europe/Berlin", queue: "slow" });
  const page = await site.open("#/schedules/nightly");
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Cron expression").fill("0 4 * * *");
  await page.getByLabel("y", { exact: true }).fill("5");
  await page.getByText("How its tasks run").click();
  await page.getByLabel("Queue").fill("");
  await page.getByRole("button", { name: "Save changes" }).click();
  await until(async () => (await get(site, "nightly")).cron === "0 4 * * *");
  await page.getByText("At 04:00 every day").first().waitFor();
  const { cron, queue, args, timezone } = await get(site, "nightly");
  assertEquals({ cron, queue, args, timezone }, {
    cron: "0 4 * * *",
    queue: null,
    args: [1, 5],
    timezone: "Europe/Berlin",
  });

  await page.getByRole("button", { name: "More for nightly" }).click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  const name = page.getByLabel("Name", { exact: true });
  assertEquals(await name.inputValue(), "nightly-copy");
  await name.fill("nightly");
  await page.getByRole("button", { name: "Make schedule" }).click();
  await page.locator("#name-error").getByText("choose another").waitFor();
  await name.fill("new");
  await page.getByRole("button", { name: "Make schedule" }).click();
  // The address of the form is not in the way of a schedule that is called like it.
  await page.getByRole("heading", { name: "new", exact: true, level: 1 }).waitFor();
  assertEquals((await get(site, "new")).args, [1, 5]);

  await page.getByRole("button", { name: "More for new" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "More for new" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete schedule" }).click();
  await row(page, "nightly").waitFor();
  await row(page, "new").waitFor({ state: "detached" });
  site.noComplaints();
});

Deno.test("the history says what ran, how it ended, and why something was skipped", async () => {
  await using site = await PageSite.start();
  await make(site, "pulse", { task: "create_task", args: [3], every: 1, unique: "end" });
  const page = await site.open("#/schedules/pulse");
  const runs = page.getByRole("table", { name: /^Runs/ });
  await runs.getByText("a task with the same unique key was there already").first().waitFor();
  await runs.getByText("SUCCESS").first().waitFor();
  const answer = await site.api<{ runs: ScheduleRun[] }>("GET", "/schedules/pulse/runs");
  const first = answer.runs.find((run) => run.skipped === null);
  const task = await site.api<Task>("GET", `/tasks/${first?.task_id}`);
  assertEquals(task.schedule, "pulse");
  assertEquals(await page.locator(".times li").count(), 5);
  assertEquals(await violationsInBothThemes(page), []);
  await page.goto(`${site.url}/#/schedules/nothing`);
  await page.getByText("No schedule is named nothing.").waitFor();
  site.noComplaints();
});

Deno.test("on a server that is read-only the buttons say why they do nothing", async () => {
  await using site = await PageSite.start({ worker: false, args: ["--read-only"] });
  const page = await site.open("#/schedules");
  const create = page.getByRole("button", { name: "New schedule" });
  await until(async () => await create.getAttribute("aria-disabled") === "true");
  assertEquals(await create.getAttribute("title"), "This server is read-only.");
  await create.click({ force: true });
  assertStringIncludes(page.url(), "#/schedules");
  await page.goto(`${site.url}/#/schedules/new`);
  const save = page.getByRole("button", { name: "Make schedule" });
  await save.waitFor();
  assertEquals(await save.getAttribute("aria-disabled"), "true");
  site.noComplaints();
});
