/** The page System in a browser: the broker, the server, the connection and the settings. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { violationsInBothThemes } from "./axe.ts";
import { PageSite } from "./page_kit.ts";
import { until } from "./until.ts";

/** What stands beside a label. */
const fact = (page: Page, label: string) =>
  page.locator("main dl > div").filter({ has: page.getByText(label, { exact: true }) })
    .locator("dd").first();

Deno.test("the system page tells of the broker, the server and the settings that count", async () => {
  await using site = await PageSite.start({
    env: { TASKAPP_RESULT_EXPIRES: "7200" },
  });
  await site.redis.command("CONFIG", "SET", "maxmemory", "200mb");
  const page = await site.open("#/system");
  assertMatch(await fact(page, "Broker").innerText(), /^Redis \d+\.\d+/);
  assertMatch(await fact(page, "Round trip").innerText(), /^[\d.]+ ms$/);
  assertMatch(await fact(page, "Memory").first().innerText(), /MiB of 200 MiB$/);
  assertEquals(await page.getByRole("meter", { name: "Memory of the broker" }).count(), 1);
  assertEquals(await fact(page, "Location").innerText(), site.redis.url);
  await fact(page, "Workers' version").getByText(/^\d+\.\d+\.\d+$/).waitFor();

  const row = page.getByRole("row").filter({ hasText: "TASKAPP_RESULT_EXPIRES" });
  assertMatch(await row.innerText(), /7200\s+variable TASKAPP_RESULT_EXPIRES/);
  await page.getByLabel("Filter the settings").fill("broker");
  await row.waitFor({ state: "detached" });
  await page.getByRole("row").filter({ hasText: site.redis.url }).waitFor();
  for (const [name, address] of [["API docs", "/docs"], ["Metrics", "/metrics"]] as const) {
    const link = page.getByRole("main").getByRole("link", { name });
    assertEquals(await link.getAttribute("href"), address);
    assertEquals((await fetch(site.url + address)).status, 200);
  }
  assertEquals(await violationsInBothThemes(page), []);
  site.noComplaints();
});

Deno.test("the system page says when the server is gone, and when Redis would drop tasks", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/system");
  assertEquals(await fact(page, "State").innerText(), "live");
  await site.killServer();
  await until(async () => await fact(page, "State").innerText() === "lost, trying again");
  assertStringIncludes(await fact(page, "Location").innerText(), "redis://");
  await site.restartServer();
  await until(async () => await fact(page, "State").innerText() === "live");

  await site.redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const overview = await site.open("#/");
  await overview.getByText("Redis drops tasks when it is full (maxmemory-policy allkeys-lru).")
    .click();
  await overview.getByRole("heading", { name: "System", level: 1 }).waitFor();
  site.noComplaints();
});
