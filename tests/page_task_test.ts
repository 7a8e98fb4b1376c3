/** The page of one task in a browser. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import type { Task } from "../jobs/wire.ts";
import { violationsInBothThemes } from "./axe.ts";
import { PageSite, shows } from "./page_kit.ts";
import { Program } from "./program.ts";
import { until } from "./until.ts";

const head = (page: Page) => page.locator(".page-head");
const more = (page: Page, name: string) =>
  page.getByRole("button", { name: `More for ${name}` }).click();

Deno.test("a page whose server is killed and comes back has missed nothing", async () => {
  await using site = await PageSite.start();
  const list = await site.open("#/start");
  const id = await site.task("long_running_task", [3]);
  const opened = await site.open(`#/tasks/${id}`);
  await list.getByLabel("Task id to observe").fill(id);
  await list.getByRole("button", { name: "Observe" }).click();
  const stages = opened.locator(".timeline li[data-state=PROGRESS]");
  await shows(list.locator(".watched"), "PROGRESS");
  await stages.first().waitFor();

  await site.killServer();
  const seen = await stages.count();
  assert(seen < 4, "the task should not be over yet");
  const lost = `Disconnected from ${id}. Reconnecting…`;
  for (const page of [list, opened]) await page.getByText(lost).waitFor();
  await opened.getByRole("button", { name: "Stop now" }).click();
  await opened.getByText("The server cannot be reached").waitFor();
  assertEquals(await opened.getByText("Cancelled").count(), 0, "nothing was cancelled");
  await site.restartServer();
  const up = Date.now();
  for (const page of [list, opened]) {
    await page.getByText(lost).waitFor({ state: "detached" });
    await page.getByText("Live", { exact: true }).waitFor();
  }
  const back = Date.now() - up;
  assert(back <= 5000, `back after ${back} ms`);

  await shows(list.locator(".watched"), "SUCCESS");
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

Deno.test("a task is stopped, run again, run with other arguments and deleted", async () => {
  await using site = await PageSite.start();
  const id = await site.task("create_task", [60]);
  const page = await site.open("#/tasks");
  await page.locator(`[data-task="${id}"]`).getByRole("link").click();
  await shows(head(page), "PROGRESS");
  await page.getByRole("button", { name: "Stop now: create_task" }).click();
  await shows(head(page), "REVOKED");
  // What was stopped by mistake runs again.
  await page.locator(".toasts").getByRole("button", { name: "Undo" }).click();
  await shows(head(page), "PROGRESS");
  const fact = (label: string) =>
    page.locator(".facts div", { hasText: label }).locator("dd").first();
  assertEquals(await fact("Attempt").innerText(), "2");
  await page.getByRole("button", { name: "Stop now: create_task" }).click();
  await shows(head(page), "REVOKED");

  await more(page, "create_task");
  await page.getByRole("menuitem", { name: "Retry with other" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("#arg-0").fill("0");
  await dialog.getByRole("button", { name: "Retry" }).click();
  await dialog.locator("#arg-0-error").waitFor();
  await dialog.locator("#arg-0").fill("1");
  await dialog.getByRole("button", { name: "Retry" }).click();
  await shows(head(page), "SUCCESS");
  await page.getByText("worked for 1 s").waitFor();
  assertEquals((await site.api<Task>("GET", `/tasks/${id}`)).args, [1]);
  const attempts = page.locator(".waterfall li");
  assertEquals(
    await attempts.evaluateAll((all) => all.map((each) => each.getAttribute("data-end"))),
    ["REVOKED", "REVOKED", "SUCCESS"],
  );
  assertStringIncludes(await attempts.last().innerText(), "ran 1.");

  await page.goBack();
  await page.getByRole("heading", { name: "Tasks", exact: true }).waitFor();
  await page.goForward();
  await more(page, "create_task");
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No tasks yet").waitFor();
  await page.goBack();
  await page.getByText("does not keep this task any more").waitFor();
  await page.reload();
  await page.getByText("There is no task").waitFor();
  site.noComplaints();
});

Deno.test("an error is told with its stack, and the call is copied and started anew", async () => {
  await using site = await PageSite.start();
  const id = await site.task("divide", [1, 0]);
  const page = await site.open(`#/tasks/${id}`);
  await page.getByRole("heading", { name: "Error" }).waitFor();
  assertStringIncludes(await page.locator(".stack").innerText(), "divide.ts");
  assertEquals(await page.title(), "divide: FAILURE – taskapp");
  assertStringIncludes(await page.locator(".waterfall").innerText(), "division by zero");

  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => page.evaluate<string>("navigator.clipboard.readText()");
  for (
    const [item, start] of [
      ["Copy as curl", `curl ${site.url}/tasks`],
      ["Copy as taskapp call", "taskapp call divide '[1,0]'"],
      ["Copy as TypeScript", "await divide.applyAsync([1,0]"],
    ] as const
  ) {
    await more(page, "divide");
    await page.getByRole("menuitem", { name: item }).click();
    await page.waitForFunction(
      `navigator.clipboard.readText().then((text) => text.startsWith(${JSON.stringify(start)}))`,
    );
    assertStringIncludes(await copied(), start);
  }
  await more(page, "divide");
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await page.getByRole("button", { name: "Start divide" }).waitFor();
  assertEquals(await page.locator("#arg-1").inputValue(), "0");
  site.noComplaints();
});

Deno.test("log lines come as they are written, and are found, copied and kept", async () => {
  await using site = await PageSite.start();
  const id = await site.task("long_running_task", [0.3]);
  const page = await site.open(`#/tasks/${id}`);
  const lines = page.locator(".log li");
  await lines.getByText("STARTED").waitFor();
  await shows(head(page), "SUCCESS");
  await page.getByLabel("Filter the log").fill("conclu");
  await lines.getByText("CONCLUDING").waitFor();
  assertEquals(await lines.count(), 1);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download" }).click(),
  ]);
  assertEquals(file.suggestedFilename(), `${id}.log`);
  assertStringIncludes(await Deno.readTextFile(await file.path()), "CONCLUDING");
  site.noComplaints();
});

Deno.test("a megabyte of arguments is shown in part, and copied in full", async () => {
  await using site = await PageSite.start({ worker: false });
  const csv = "a,b\n" + "1,2\n".repeat(200_000);
  const page = await site.open(`#/tasks/${await site.task("csv_report", { csv })}`);
  const shown = page.locator(".json").first();
  await shown.getByText("… and 780,004 characters more: copy to see all").waitFor();
  assertEquals((await shown.locator(".json-text").innerText()).length, 20_000);
  await shown.getByText("1 field", { exact: true }).waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await shown.getByRole("button", { name: "Copy the arguments" }).click();
  await until(async () => {
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    return copied.length > 0 && JSON.parse(copied).csv === csv;
  });
  site.noComplaints();
});

Deno.test("a task says what it waits for", async () => {
  await using site = await PageSite.start({ worker: false });
  const id = await site.task("create_task", [1]);
  const page = await site.open(`#/tasks/${id}`);
  await page.getByText("No worker takes tasks of the queue default").waitFor();
  await site.api("POST", "/queues/default/pause");
  await page.getByText("The queue default is paused").waitFor();
  await using _worker = Program.start(["work", "-c", "1"], { REDIS_URL: site.redis.url });
  await site.api("POST", "/queues/default/resume");
  await shows(head(page), "SUCCESS");
  site.noComplaints();
});

Deno.test("the page of a task fits a phone and paper, and who does not see it", async () => {
  await using site = await PageSite.start();
  const words = "an-argument-without-any-space-".repeat(3);
  const id = await site.task("test_celery", [words]);
  const failed = await site.task("divide", [1, 0]);
  const page = await site.open(`#/tasks/${id}`, { width: 360, height: 740 });
  await shows(head(page), "PROGRESS");
  const width = () => page.evaluate("document.documentElement.scrollWidth");
  assertEquals(await width(), 360);
  assertEquals(await violationsInBothThemes(page), []);
  await page.goto(`${site.url}/#/tasks/${failed}`);
  await shows(head(page), "FAILURE");
  await page.locator(".stack").waitFor();
  assertEquals(await width(), 360);
  assertEquals(await violationsInBothThemes(page), []);
  await page.emulateMedia({ media: "print" });
  assert(await page.locator(".stack").isVisible());
  assert(!await page.getByRole("navigation").first().isVisible());
  site.noComplaints();
});
