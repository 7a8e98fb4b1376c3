/** The page with two servers, of which one is killed. */

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { FaultProxy } from "./fault_proxy.ts";
import { PageSite, settled, shows } from "./page_kit.ts";
import { until } from "./until.ts";

const live = (page: Page) => page.getByRole("banner").getByText("Live", { exact: true });
const lost = (page: Page) => page.locator(".banner").getByText("Connection to the server lost");
const stale = (page: Page) => page.locator("main[data-stale=true]");
const row = (page: Page, queue: string) => page.getByRole("row").filter({ hasText: queue });

Deno.test("behind one address the page goes on at the other server, and has missed nothing", async () => {
  await using site = await PageSite.start({ servers: 2 });
  await using balancer = new FaultProxy(Number(new URL(site.urlOf(0)).port));
  const at = (hash: string) => `http://127.0.0.1:${balancer.port}/${hash}`;
  const id = await site.task("long_running_task", [2]);
  const opened = await site.open();
  await opened.goto(at(`#/tasks/${id}`));
  const list = await site.open();
  await list.goto(at("#/tasks"));
  const stages = opened.locator(".timeline li[data-state=PROGRESS]");
  const listed = list.locator(`.task-row[data-task="${id}"]`);
  await stages.first().waitFor();
  await shows(listed, "PROGRESS");

  await site.killServer(0);
  for (const page of [opened, list]) {
    await lost(page).waitFor();
    await stale(page).waitFor();
    assertEquals(await page.getByRole("heading", { level: 1 }).count(), 1);
  }
  // What was known stays, greyed.
  assertEquals(await listed.count(), 1);
  await opened.locator(".log li").first().waitFor();

  balancer.target = Number(new URL(site.urlOf(1)).port);
  for (const page of [opened, list]) {
    await live(page).waitFor();
    await lost(page).waitFor({ state: "detached" });
    await stale(page).waitFor({ state: "detached" });
  }
  await shows(opened.locator(".page-head"), "SUCCESS");
  await shows(listed, "SUCCESS");
  const names = ["STARTED", "PROCESSING", "CONCLUDING", "COMPLETED"];
  const texts = await stages.locator(".what").allInnerTexts();
  assertEquals(texts.map((text) => text.split(/\s+/)[1]), names);
  const lines = await opened.locator(".log li").allInnerTexts();
  assertEquals(lines.map((line) => /[A-Z]+/.exec(line)?.[0]), names);
  site.noComplaints();
});

Deno.test("what is done at one server is seen at the other, also by a page that was cut off", async () => {
  await using site = await PageSite.start({ servers: 2 });
  const first = await site.open("#/queues");
  const second = await site.open();
  await second.goto(`${site.urlOf(1)}/#/queues`);
  for (const page of [first, second]) {
    await settled(page);
    await row(page, "default").waitFor();
  }
  await site.api("POST", "/queues/default/pause");
  for (const page of [first, second]) await row(page, "default").getByText("paused").waitFor();

  await site.killServer(0);
  await lost(first).waitFor();
  await row(first, "default").getByText("paused").waitFor();
  // Whoever presses a button now is told that it did nothing.
  await first.getByRole("button", { name: /default/ }).click();
  await first.getByRole("menuitem", { name: "Resume" }).click();
  await first.locator(".toast[data-kind=bad]").waitFor();
  assertEquals(await live(second).count(), 1);
  assertEquals(await lost(second).count(), 0);

  await second.getByRole("button", { name: /default/ }).click();
  await second.getByRole("menuitem", { name: "Resume" }).click();
  await row(second, "default").getByText("paused").waitFor({ state: "detached" });
  await row(first, "default").getByText("paused").waitFor();
  await site.restartServer(0);
  await lost(first).waitFor({ state: "detached" });
  await row(first, "default").getByText("paused").waitFor({ state: "detached" });
  const id = await site.task("create_task", [1]);
  await second.goto(`${site.urlOf(1)}/#/tasks/${id}`);
  await until(async () => await second.getByText("worked for 1 s").count() > 0);
  site.noComplaints();
});
