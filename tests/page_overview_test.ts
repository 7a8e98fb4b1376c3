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
  page.evaluate(`(() => {
    const plot = [...document.querySelectorAll(".plot")].find((each) =>
      each.querySelector("h2").textContent === ${JSON.stringify(title)}
    );
    const canvas = plot.querySelector("canvas");
    const copy = document.createElement("canvas");
    Object.assign(copy, { width: canvas.width, height: canvas.height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.fillStyle = getComputedStyle(plot.querySelector(".plot-key")).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    const wanted = context.getImageData(0, 0, 1, 1).data;
    context.clearRect(0, 0, 1, 1);
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if ([0, 1, 2, 3].every((part) => Math.abs(data[at + part] - wanted[part]) < 12)) count++;
    }
    return count;
  })()`);

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
  await until(async () => await figure(page, "Running").innerText() === "1");

  const done = async () => Number(await figure(page, "Done per minute").innerText());
  await until(async () => await done() > 0, SAMPLED);
  await until(
    async () => /Succeeded: now .*at most [1-9]/.test(await said(page, "Throughput per minute")),
    SAMPLED,
  );
  assertMatch(await said(page, "Busy slots"), /Busy: now [12], .*Slots: now 2, at most 2/);
  for (const title of ["Throughput per minute", "Failures per minute"]) {
    await until(async () => await pixels(page, title) > 20, SAMPLED);
  }

  // The same in figures: six tasks in steps of ten seconds are 36 a minute, in one step or in several.
  const plot = card(page, "Throughput per minute");
  await plot.getByRole("button", { name: /as a table/ }).click();
  const total = async (column: number) => {
    const cells = await plot.locator(`tbody td:nth-child(${column})`).allInnerTexts();
    return cells.reduce((sum, cell) => sum + Number(cell.replace("–", "0")), 0);
  };
  await until(async () => await total(2) === 36 && await total(3) === 6, SAMPLED);

  assertEquals(await violationsInBothThemes(page), []);
  // The canvas has followed the theme, whose other colours the key has now.
  await until(async () => await pixels(page, "Failures per minute") > 20);
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
  // The canvas fills its place, and the cursor moves over all of it.
  const drawn = await card(page, "Throughput per minute").locator("canvas").boundingBox();
  const place = await card(page, "Throughput per minute").locator(".plot-canvas").boundingBox();
  assertEquals(drawn, place);
  assert(place && box.y >= place.y && box.y + box.height <= place.y + place.height);
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
    await problem.waitFor({ state: "detached" });
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

Deno.test("a worker that is silent is named before its tasks are taken from it", async () => {
  await using site = await PageSite.start({ worker: false });
  const args = ["work", "-n", "frozen", "-c", "1", "--lease", "20"];
  await using worker = Program.start(args, { REDIS_URL: site.redis.url });
  const page = await site.open("#/");
  await page.getByText("A worker is up.", { exact: true }).waitFor();
  // Two signs of life tell how often there is one.
  await new Promise((resolve) => setTimeout(resolve, 9000));
  const problem = page.getByText(/^The worker frozen\S* is silent\.$/);
  assertEquals(await problem.count(), 0);
  worker.signal("SIGSTOP");
  try {
    await problem.waitFor({ timeout: 25_000 });
  } finally {
    worker.signal("SIGCONT");
  }
  await problem.waitFor({ state: "detached" });
  site.noComplaints();
});
