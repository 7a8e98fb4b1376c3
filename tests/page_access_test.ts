/** Logging in and out, what each role may press, users, tokens and the audit trail, in a browser. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { logIn, PageSite, PASSWORD } from "./page_kit.ts";
import { until } from "./until.ts";

const menu = (page: Page) => page.getByRole("banner").getByRole("button").last();

async function choose(page: Page, item: string): Promise<void> {
  await menu(page).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

/** The reason that a disabled button gives. */
async function reason(page: Page, button: string): Promise<string | null> {
  const found = page.getByRole("button", { name: button }).first();
  await found.waitFor();
  assertEquals(await found.getAttribute("aria-disabled"), "true");
  return await found.getAttribute("title");
}

Deno.test("an address leads to the login and back, and a wrong password is refused", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const page = await site.open("#/audit?action=login");
  await logIn(page, "operator", "a wrong password");
  await page.getByRole("alert").getByText(/./).waitFor();
  assertEquals(await page.getByLabel("Password").inputValue(), "");
  assertEquals(await page.getByRole("navigation").count(), 0);
  await logIn(page, "operator");
  await page.getByRole("heading", { name: "Audit" }).waitFor();
  assertStringIncludes(page.url(), "#/audit?action=login");
  await page.getByRole("table").getByText("done").first().waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Audit" }).waitFor();
  site.noComplaints();
});

Deno.test("who logs out is out, and everywhere if they say so", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const first = await site.openAs("operator", "#/tasks");
  const second = await site.openAs("operator", "#/tasks");
  const third = await site.openAs("operator", "#/tasks");
  for (const page of [first, second, third]) await page.getByText("No tasks yet").waitFor();
  await choose(first, "Log out");
  await first.getByLabel("Password").waitFor();
  await second.getByText("Live", { exact: true }).waitFor();
  await choose(second, "Log out everywhere");
  await second.getByLabel("Password").waitFor();
  // The server closes the sockets of sessions that have ended.
  await third.getByLabel("Password").waitFor();
  await logIn(third, "operator");
  await third.getByText("No tasks yet").waitFor();
  site.noComplaints();
});

Deno.test("another user who logs in after a session has ended sees nothing of the one before", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const page = await site.openAs("admin", "#/access");
  await page.getByRole("heading", { name: "Users" }).waitFor();
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Add user" }).click();
  await page.getByLabel("Name").fill("eve");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("dialog").getByRole("button", { name: "Add user" }).click();
  await page.getByRole("heading", { name: "Log in to taskapp" }).waitFor();
  await logIn(page, "viewer");
  await page.getByText("This needs the role admin; yours is viewer.").waitFor();
  assertEquals(await page.getByRole("link", { name: "Access" }).count(), 0);
  site.noComplaints();
});

Deno.test("arguments that were typed are for who has typed them, until they log out", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const page = await site.openAs("operator", "#/start/divide");
  const recent = page.getByRole("button", { name: "Recent arguments" });
  const stored = () => page.evaluate("localStorage.getItem('taskapp.recent')");
  const start = async (first: string) => {
    await page.locator("#arg-0").fill(first);
    await page.locator("#arg-1").fill("2");
    await page.getByRole("button", { name: "Start divide" }).click();
    await recent.waitFor();
  };
  await start("81");
  await page.context().clearCookies();
  await page.reload();
  await logIn(page, "admin");
  await page.getByRole("button", { name: "Start divide" }).waitFor();
  assertEquals(await recent.count(), 0);
  await start("82");
  assertMatch(`${await stored()}`, /82/);
  assert(!`${await stored()}`.includes("81"));
  await choose(page, "Log out");
  await page.getByLabel("Password").waitFor();
  assertEquals(await stored(), null);
  site.noComplaints();
});

Deno.test("a viewer sees buttons that say why they cannot be pressed", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const id = await site.task("create_task", [60]);
  const page = await site.openAs("viewer", `#/tasks/${id}`);
  const why = "This needs the role operator; yours is viewer.";
  assertEquals(await reason(page, "Cancel"), why);
  await page.getByRole("button", { name: "Cancel" }).first().click({ force: true });
  await page.goto(`${site.url}/#/start/create_task`);
  assertEquals(await reason(page, "Start create_task"), why);
  await page.getByRole("button", { name: "Start create_task" }).click({ force: true });
  assertEquals((await site.list()).map(({ status }) => status), ["PENDING"]);
  site.noComplaints();
});

Deno.test("on a read-only server nobody can press what changes something", async () => {
  await using site = await PageSite.start({ args: ["--read-only"], worker: false });
  const page = await site.open("#/start/create_task");
  assertEquals(await reason(page, "Start create_task"), "This server is read-only.");
  await page.getByRole("banner").getByText("read-only").waitFor();
  site.noComplaints();
});

Deno.test("an admin adds, changes and deletes a user", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const page = await site.openAs("admin", "#/access");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Add user" }).click();
  await page.getByLabel("Name").fill("eve");
  await page.getByLabel("Password").fill("short");
  await dialog.getByRole("button", { name: "Add user" }).click();
  await dialog.getByText("from 8 to 256 characters").waitFor();
  await page.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add user" }).click();
  const row = page.getByRole("row", { name: /^eve/ });
  await row.getByText("viewer").waitFor();

  const eve = await site.openAs("eve", "#/tasks");
  await eve.getByText("No tasks yet").waitFor();
  await row.getByRole("button", { name: "Change eve" }).click();
  await page.getByRole("menuitem", { name: "Change role…" }).click();
  await dialog.getByLabel("operator").check();
  await dialog.getByRole("button", { name: "Change role" }).click();
  await row.getByText("operator").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await row.getByText("viewer").waitFor();

  await row.getByRole("button", { name: "Change eve" }).click();
  await page.getByRole("menuitem", { name: "New password…" }).click();
  await dialog.getByRole("textbox").fill(`${PASSWORD}, new`);
  await dialog.getByRole("button", { name: "Set password" }).click();
  await eve.getByLabel("Password").waitFor();
  await logIn(eve, "eve", `${PASSWORD}, new`);
  await eve.getByText("No tasks yet").waitFor();

  await row.getByRole("button", { name: "Change eve" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
  await eve.getByLabel("Password").waitFor();

  await page.getByRole("button", { name: "Change viewer" }).click();
  const inFile = page.getByRole("menuitem", { name: "Delete…" });
  assertEquals(await inFile.getAttribute("aria-disabled"), "true");
  assertStringIncludes(await inFile.getAttribute("title") ?? "", "taskapp user");
  site.noComplaints();
});

Deno.test("an admin makes a token, which is shown once, works, and is deleted", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const page = await site.openAs("admin", "#/access");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Add token" }).click();
  await page.getByLabel("Name of the program").fill("ci");
  await dialog.getByRole("button", { name: "Make token" }).click();
  const token = await dialog.locator(".secret code").innerText();
  assertMatch(token, /^tap_[\w-]{43}$/);
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = page.getByRole("row", { name: /^ci/ });
  await row.getByText("operator").waitFor();
  assertEquals(await page.getByText(token).count(), 0);

  const status = async () => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${site.url}/tasks`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status(), 200);
  await row.getByRole("button", { name: "Delete ci" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
  await until(async () => await status() === 401);
  site.noComplaints();
});

Deno.test("the audit trail shows who did what, and is narrowed down", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  await site.task("create_task", [60]);
  const page = await site.openAs("operator", "#/audit");
  const rows = page.locator("tbody tr");
  await rows.filter({ hasText: "task.start" }).getByText("admin").first().waitFor();
  await rows.filter({ hasText: "login" }).getByText("operator").first().waitFor();
  await page.getByLabel("What").selectOption("task");
  await rows.filter({ hasText: "login" }).first().waitFor({ state: "detached" });
  assertStringIncludes(page.url(), "action=task");
  await page.getByLabel("Who").fill("nobody");
  await page.getByText("Nothing matches this filter").waitFor();
  await page.goBack();
  await page.goForward();
  assertEquals(await page.getByLabel("Who").inputValue(), "nobody");
  site.noComplaints();
});
