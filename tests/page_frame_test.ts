/** What stands around every page, in a browser: navigation, themes, palette, shortcuts, offline. */

import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { PageSite } from "./page_kit.ts";

const heading = (page: Page, name: string) =>
  page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

const background = (page: Page) =>
  page.evaluate("getComputedStyle(document.body).backgroundColor") as Promise<string>;

Deno.test("a theme is chosen, kept, and there before the first paint", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/audit");
  const choose = async (item: string) => {
    await page.getByRole("button", { name: "This page" }).click();
    await page.getByRole("menuitemradio", { name: item }).click();
  };
  await page.emulateMedia({ colorScheme: "light" });
  await heading(page, "Audit");
  const light = await background(page);
  await choose("Dark theme");
  const dark = await background(page);
  assert(light !== dark);
  // Nothing but the first script and the styles: so the theme does not wait for the page.
  await page.route("**/first.js", (route) => route.abort());
  await page.reload();
  assertEquals(await background(page), dark);
  await page.unroute("**/first.js");
  await page.reload();
  await heading(page, "Audit");
  await choose("Theme of the system");
  assertEquals(await background(page), light);
  await page.emulateMedia({ colorScheme: "dark" });
  assertEquals(await background(page), dark);
});

Deno.test("the keyboard alone leads everywhere: palette, shortcuts, and the way back", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/");
  await heading(page, "Overview");
  await page.keyboard.press("Control+k");
  await page.getByLabel("Search pages, commands and tasks").fill("dead");
  await page.keyboard.press("Enter");
  await heading(page, "Dead tasks");
  await page.keyboard.press("g");
  await page.keyboard.press("q");
  await heading(page, "Queues");
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByText("Workers").waitFor();
  // Keys do nothing behind a dialog.
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
  await heading(page, "Queues");
  await page.goBack();
  await heading(page, "Dead tasks");
  assertEquals(await page.title(), "Dead tasks – taskapp");

  await page.keyboard.press("Control+k");
  await page.getByLabel("Search pages, commands and tasks").fill("divide start");
  await page.getByRole("option", { name: /^divide/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Start divide" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByLabel("Search pages, commands and tasks").fill("no-such-task-id");
  await page.getByRole("option", { name: "Open the task no-such-task-id" }).click();
  await page.getByText("There is no task").first().waitFor();
  site.noComplaints();
});

Deno.test("who types types, and starts no shortcut", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/audit");
  await page.getByLabel("Who").pressSequentially("g q?");
  await heading(page, "Audit");
  assertEquals(await page.getByLabel("Who").inputValue(), "g q?");
  assertEquals(await page.getByRole("dialog").count(), 0);
  site.noComplaints();
});

Deno.test("on a phone the bar below leads to all pages", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/", { width: 390, height: 844 });
  const bar = page.getByRole("navigation", { name: "Main pages" });
  await bar.getByRole("link", { name: "Queues" }).click();
  await heading(page, "Queues");
  await bar.getByRole("button", { name: "More" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "System" }).click();
  await heading(page, "System");
  assertEquals(await page.getByRole("dialog").count(), 0);
  assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 390);
  site.noComplaints();
});

Deno.test("an address that leads nowhere says so, and so does a page that cannot be loaded", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/nowhere");
  await heading(page, "There is no such page");
  await page.route("**/pages/system.ts.js", (route) => route.abort());
  await page.getByRole("link", { name: "System" }).click();
  await page.getByText("This page cannot be loaded").waitFor();
  await page.unroute("**/pages/system.ts.js");
  await page.getByRole("button", { name: "Try again" }).click();
  await heading(page, "System");
});

Deno.test("what is shown stays when the server is away, with its age, and goes on when it is back", async () => {
  await using site = await PageSite.start({ worker: false });
  await site.api("POST", "/tasks", { name: "divide", args: [1, 2], queue: "kept" });
  const page = await site.open("#/queues");
  const row = page.getByRole("row", { name: /^kept/ });
  await row.waitFor();
  await site.killServer();
  await page.getByText("Connection to the server lost").waitFor();
  await page.getByText(/What you see is from \d+ s ago/).waitFor();
  await row.waitFor();
  await site.restartServer();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText("Connection to the server lost").waitFor({ state: "detached" });
  await site.api("POST", "/tasks", { name: "divide", args: [1, 2], queue: "later" });
  await page.getByRole("row", { name: /^later/ }).waitFor();
  site.noComplaints();
});
