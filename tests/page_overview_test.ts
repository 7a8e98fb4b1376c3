/** The overview in a browser: figures, plots, what runs, what failed, what needs somebody. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import { violationsInBothThemes } from "./axe.ts";
import { PageSite } from "./page_kit.ts";
import { Program } from "./program.ts";
import { until } from "./until.ts";

/** Milliseconds that a sample may take to be seen: two are needed, ten seconds apart. */
const SAMPLED = 45_000;

const figure = (page: Page, label: string): Locator =>
  page.locator(".figure", { hasText: label }).locator("strong");

const card = (page: Page, title: string): Locator => page.getByRole("region", { name: title });

/** What a plot says in words. */
const said = async (page: Page, title: string): Promise<string> =>
  await card(page, title).getByRole("img", { name: title }).getAttribute("aria-label") ?? "";

/** How many pixels of a plot's canvas have the colour of its first key. */
const pixels = (page: Page, title: string): Promise<number> =>
  card(page, title).evaluate(`(plot) => {
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = getComputedStyle(plot.querySelector(".plot-key")).backgroundColor;
    probe.fillRect(0, 0, 1, 1);
    const wanted = probe.getImageData(0, 0, 1, 1).data;
    const canvas = plot.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if ([0, 1, 2, 3].every((part) => Math.abs(data[at + part] - wanted[part]) < 12)) count++;
    }
    return count;
  }`);

Deno.test("the overview counts and draws what really ran, and goes on by itself", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/");
  await page.getByText("There are no tasks here").waitFor();
  for (let i = 0; i < 6; i++) await site.task("long_running_task", [0.05]);
  const failing = await site.task("divide", [1, 0]);
  const running = await site.task("create_task", [60]);
  await page.getByText("There are no tasks here").waitFor({ state: "detached" });

  const row = card(page, "Running now").locator(`[data-task="${running}"]`);
  await row.getByRole("link", { name: "create_task" }).waitFor();
  const bar = row.getByRole("progressbar");
  await until(async () => Number(await bar.getAttribute("aria-valuenow")) > 0);
  const failed = card(page, "Failed last").locator(`[data-task="${failing}"]`);
  await failed.getByText("division by zero").waitFor();
  assertEquals(
    await failed.getByRole("link", { name: "divide" }).getAttribute("href"),
    `#/tasks/${failing}`,
  );
  assertEquals(await figure(page, "Running").innerText(), "1");

  const done = async () => Number(await figure(page, "Done per minute").innerText());
  await until(async () => await done() > 0, SAMPLED);
  await until(
    async () => /Succeeded: now .*at most [1-9]/.test(await said(page, "Throughput per minute")),
    SAMPLED,
  );
  assertMatch(await said(page, "Busy slots"), /Busy: now 1, .*Slots: now 2, at most 2/);
  await until(async () => await pixels(page, "Throughput per minute") > 20);
  assert(await pixels(page, "Failures per minute") > 20);

  // The same in figures: six tasks in steps of ten seconds are 36 a minute, in one step or in several.
  const plot = card(page, "Throughput per minute");
  await plot.getByRole("button", { name: /as a table/ }).click();
  const cells = await plot.locator("tbody td:nth-child(2)").allInnerTexts();
  assertEquals(cells.reduce((sum, cell) => sum + Number(cell.replace("–", "0")), 0), 36);
  const failures = await plot.locator("tbody td:nth-child(3)").allInnerTexts();
  assert(failures.includes("6"), `${failures}`);

  assertEquals(await violationsInBothThemes(page), []);
  site.noComplaints();
});

Deno.test("one cursor reads all plots, and the range stands in the address", async () => {
  await using site = await PageSite.start();
  await site.task("long_running_task", [0.05]);
  const page = await site.open("#/");
  const busy = card(page, "Busy slots");
  await until(async () => /Slots: now 2/.test(await said(page, "Busy slots")), SAMPLED);
  const canvas = card(page, "Throughput per minute").locator(".u-over");
  const box = await canvas.boundingBox();
  assert(box);
  // The newest stands at the right end.
  await canvas.hover({ position: { x: box.width - 3, y: box.height / 2 } });
  await until(async () => /^\d\d:\d\d:\d\d$/.test(await busy.locator(".plot-time").innerText()));
  await page.getByRole("heading", { name: "Overview" }).hover();
  await until(async () => await busy.locator(".plot-time").innerText() === "");

  await page.getByRole("button", { name: "1 h", exact: true }).click();
  await until(() => page.url().endsWith("#/?range=1h"));
  await page.reload();
  const chosen = page.getByRole("group", { name: "How far back" }).locator("[aria-pressed=true]");
  assertEquals(await chosen.innerText(), "1 h");
  await card(page, "Wait time").waitFor();
  site.noComplaints();
});

Deno.test("without a worker the overview says what to do, and takes it back when one comes", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/");
  await page.getByText("taskapp work", { exact: true }).waitFor();
  const id = await site.task("create_task", [60]);
  const problem = page.getByRole("region", { name: "Problems" }).getByRole("listitem");
  await problem.getByText("No worker serves the queue default, in which 1 task waits.").waitFor();
  assertStringIncludes(await problem.innerText(), "taskapp work -Q default");
  assertEquals(await figure(page, "Waiting").innerText(), "1");
  {
    await using _worker = Program.start(["work", "-c", "1"], { REDIS_URL: site.redis.url });
    await problem.waitFor({ state: "detached", timeout: 30_000 });
    await card(page, "Running now").locator(`[data-task="${id}"]`).waitFor();
    assertEquals(await figure(page, "Waiting").innerText(), "0");
    await site.api("POST", "/queues/default/pause");
    await site.task("create_task", [60]);
    await site.task("create_task", [60]);
    await problem.getByText("The queue default is paused, and 2 tasks wait in it.").waitFor();
    await problem.getByRole("link").click();
    await page.getByRole("heading", { name: "default", level: 1 }).waitFor();
  }
  site.noComplaints();
});
