/** The list of tasks in a browser: states, search, columns, keys, selection, and many at once. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import { violationsInBothThemes } from "./axe.ts";
import { PageSite, shows } from "./page_kit.ts";
import { Program } from "./program.ts";
import { until } from "./until.ts";

const rows = (page: Page): Locator => page.locator(".virtual-row [data-task]");
const row = (page: Page, id: string): Locator => page.locator(`.task-row[data-task="${id}"]`);
const search = (page: Page): Locator => page.getByRole("combobox", { name: "Search tasks" });
const tab = (page: Page, name: string): Locator =>
  page.getByRole("navigation", { name: "States" }).getByRole("link", { name });
const selection = (page: Page): Locator => page.getByRole("region", { name: "Selection" });

/** Starts so many tasks that nobody runs; answers their ids, the oldest first. */
async function fill(site: PageSite, count: number, name = "create_task"): Promise<string[]> {
  const call = { name, args: name === "divide" ? [1, 0] : [1], queue: "later" };
  const ids: string[] = [];
  for (let left = count; left > 0; left -= 1000) {
    const tasks = Array.from({ length: Math.min(left, 1000) }, () => call);
    const answer = await site.api<{ tasks: { task_id: string }[] }>("POST", "/tasks/batch", {
      tasks,
    });
    ids.push(...answer.tasks.map(({ task_id }) => task_id));
  }
  return ids;
}

Deno.test("tasks are listed live, by state, and found by what one looks for", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/tasks");
  await page.getByText("No tasks yet").waitFor();
  const running = await site.task("create_task", [60]);
  const failing = await site.task("divide", [1, 0]);
  const done = await site.task("divide", [1, 2]);
  await shows(row(page, running), "PROGRESS");
  await shows(row(page, failing), "FAILURE");
  await row(page, done).getByText("0.5").waitFor();
  await row(page, failing).getByText("division by zero").waitFor();
  await tab(page, "Failure").getByText("1", { exact: true }).waitFor();

  await tab(page, "Failure").click();
  await row(page, running).waitFor({ state: "detached" });
  assertEquals(await rows(page).count(), 1);
  await page.goBack();
  await row(page, running).waitFor();

  await search(page).fill("name:divide result:0.5");
  await row(page, failing).waitFor({ state: "detached" });
  await row(page, done).waitFor();
  assertEquals(await rows(page).count(), 1);
  await page.reload();
  await row(page, done).waitFor();
  assertEquals(await search(page).inputValue(), "name:divide result:0.5");
  await page.getByRole("button", { name: "Take result:0.5 out of the search" }).click();
  await row(page, failing).waitFor();
  assertEquals(await rows(page).count(), 2);

  await search(page).fill("state:BROKEN");
  await page.getByText("There is no state BROKEN").waitFor();
  await search(page).fill("no task has this");
  await page.getByText("No task matches this search").waitFor();
  await page.getByRole("button", { name: "Show all tasks" }).click();
  await row(page, running).waitFor();
  assertEquals(await search(page).inputValue(), "");
  site.noComplaints();
});

Deno.test("the search box completes qualifiers and names", async () => {
  await using site = await PageSite.start();
  await fill(site, 1);
  const page = await site.open("#/tasks");
  await rows(page).first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("qu");
  await page.getByRole("option", { name: "queue:" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.type("lat");
  await page.getByRole("option", { name: "queue:later" }).waitFor();
  await page.keyboard.press("Tab");
  assertEquals(await search(page).inputValue(), "queue:later ");
  await page.keyboard.type("na");
  await page.getByRole("option", { name: "name:" }).click();
  await page.keyboard.type("div");
  await page.getByRole("option", { name: "name:divide" }).click();
  await page.getByText("No task matches this search").waitFor();
  await page.keyboard.press("Escape");
  assertEquals(await page.getByRole("option").count(), 0);
  site.noComplaints();
});

Deno.test("keys may come faster than the search box is drawn", async () => {
  await using site = await PageSite.start({ worker: false });
  await fill(site, 1);
  const page = await site.open("#/tasks");
  await rows(page).first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("queue:");
  await page.getByRole("option", { name: "queue:later" }).waitFor();
  const [completed, kept] = await page.evaluate<string[]>(`(async () => {
    const box = document.activeElement;
    const type = (text) => document.execCommand("insertText", false, text);
    for (const letter of "lat") type(letter);
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Tab", bubbles: true }));
    for (const letter of "no") type(letter);
    const completed = box.value;
    // In the moment in which the search begins, and is put into the address.
    const { replaceState } = history;
    await new Promise((done) => history.replaceState = (...args) => {
      history.replaceState = replaceState;
      history.replaceState(...args);
      type("w");
      done();
    });
    return [completed, box.value];
  })()`);
  assertEquals([completed, kept], ["queue:later no", "queue:later now"]);
  await page.getByRole("button", { name: "Take now out of the search" }).waitFor();
  assertEquals(await search(page).inputValue(), "queue:later now");
  site.noComplaints();
});

Deno.test("columns are chosen, and chosen still after a reload", async () => {
  await using site = await PageSite.start({ worker: false });
  const [id = ""] = await fill(site, 1);
  const page = await site.open("#/tasks");
  await row(page, id).waitFor();
  const heads = () => page.locator(".task-row.head > span").allInnerTexts();
  assert(!(await heads()).includes("Priority"));
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByLabel("Priority").check();
  await page.getByLabel("Arguments").uncheck();
  await until(async () => (await heads()).includes("Priority"));
  assert(!(await heads()).includes("Arguments"));
  assertStringIncludes(page.url(), "columns=");
  await page.goto(`${site.url}/#/system`);
  await page.goto(`${site.url}/#/tasks`);
  await row(page, id).getByText("normal").waitFor();
  site.noComplaints();
});

Deno.test("the keys go through the list, select and open", async () => {
  await using site = await PageSite.start({ worker: false });
  const ids = (await fill(site, 60)).reverse();
  const page = await site.open("#/tasks");
  await rows(page).first().waitFor();
  for (let step = 0; step < 40; step++) await page.keyboard.press("j");
  await page.keyboard.press("k");
  const focused = row(page, ids[38] ?? "");
  await focused.locator(":focus").waitFor();
  const box = await focused.boundingBox();
  assert(box && box.y > 0 && box.y + box.height <= 800, "the row is on the screen");
  await page.keyboard.press("x");
  await selection(page).getByText("1 task selected").waitFor();
  await page.keyboard.press("Escape");
  await selection(page).waitFor({ state: "detached" });
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "create_task" }).waitFor();
  site.noComplaints();
});

Deno.test("of thousands of rows only those on the screen are drawn, and new ones wait above", async () => {
  await using site = await PageSite.start({ worker: false });
  const ids = (await fill(site, 3000)).reverse();
  const page = await site.open("#/tasks");
  await rows(page).first().waitFor();
  const scrollDown = () => page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
  await until(async () => {
    await scrollDown();
    return await row(page, ids.at(-1) ?? "").count() > 0;
  });
  assert(await rows(page).count() < 60);
  await page.getByText("3,000 tasks of 3,000 searched. There are no more.").waitFor();

  await page.evaluate("scrollTo(0, 20000)");
  await page.waitForTimeout(200);
  const shown = () =>
    page.evaluate<string>(
      "document.elementFromPoint(400, 400).closest('[data-task]').dataset.task",
    );
  const before = await shown();
  const added = await fill(site, 12);
  await page.getByRole("button", { name: "12 new" }).waitFor();
  assertEquals(await shown(), before);
  await page.getByRole("button", { name: "12 new" }).click();
  await row(page, added.at(-1) ?? "").waitFor();
  assertEquals(await page.evaluate("scrollY"), 0);
  site.noComplaints();
});

Deno.test("many tasks are cancelled, retried and deleted, after their count was shown", async () => {
  await using site = await PageSite.start({ worker: false });
  const ids = (await fill(site, 1500)).reverse();
  const others = await fill(site, 5, "divide");
  const page = await site.open("#/tasks?q=name:create_task");
  await rows(page).first().waitFor();

  // A click, and one with the shift key, take all between.
  await row(page, ids[1] ?? "").getByRole("checkbox").click();
  await row(page, ids[4] ?? "").getByRole("checkbox").click({ modifiers: ["Shift"] });
  await selection(page).getByText("4 tasks selected").waitFor();
  await selection(page).getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog");
  assertEquals(await violationsInBothThemes(page), []);
  await dialog.getByRole("button", { name: "Cancel 4 tasks" }).click();
  await page.getByText("4 tasks cancelled.").waitFor();
  await tab(page, "Revoked").getByText("4", { exact: true }).waitFor();

  await page.getByLabel("Select all rows that are loaded").click();
  await selection(page).getByRole("button", { name: "Select all that match" }).click();
  await selection(page).getByRole("button", { name: "Cancel" }).click();
  await dialog.getByRole("button", { name: "Cancel 1,496 tasks" }).click();
  await page.getByText("1,496 tasks cancelled.").waitFor();
  await tab(page, "Revoked").getByText("1,500", { exact: true }).waitFor();

  await tab(page, "Revoked").click();
  await row(page, ids[0] ?? "").getByRole("checkbox").click();
  await selection(page).getByRole("button", { name: "Retry" }).click();
  await dialog.getByRole("button", { name: "Retry 1 task" }).click();
  await page.getByText("1 task to be run again.").waitFor();

  await rows(page).first().waitFor();
  await page.getByLabel("Select all rows that are loaded").click();
  await selection(page).getByRole("button", { name: "Select all that match" }).click();
  await selection(page).getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete 1,499 tasks" }).click();
  await page.getByText("1,499 tasks deleted.").waitFor();
  await tab(page, "All").getByText("6", { exact: true }).waitFor();
  assertEquals(
    (await site.list()).map(({ task_id }) => task_id).sort(),
    [...others, ids[0]].sort(),
  );
  site.noComplaints();
});

Deno.test("nothing is done by a search that is not understood", async () => {
  await using site = await PageSite.start({ worker: false });
  await fill(site, 3);
  const page = await site.open("#/tasks?q=name:create_task");
  await rows(page).first().waitFor();
  await page.getByLabel("Select all rows that are loaded").click();
  await selection(page).getByRole("button", { name: "Select all that match" }).click();
  await search(page).fill("name:create_task argz:7");
  await page.getByText("There is no qualifier argz:").waitFor();
  await selection(page).waitFor({ state: "detached" });
  assertEquals(await page.locator(".list[inert]").count(), 1);
  // Nor where it comes with the address.
  await page.reload();
  await page.getByText("There is no qualifier argz:").waitFor();
  await page.locator(".list[inert]").waitFor();
  assertEquals(await selection(page).count(), 0);
  await search(page).fill("name:create_task");
  await page.locator(".list:not([inert])").waitFor();
  await page.getByLabel("Select all rows that are loaded").click();
  await selection(page).getByText("3 tasks selected").waitFor();
  site.noComplaints();
});

Deno.test("without Redis the page says so, and goes on when it is back", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/tasks");
  await page.getByText("No tasks yet").waitFor();
  await site.redis.down();
  const opened = await site.open("#/queues");
  for (const each of [page, opened]) {
    await each.locator(".banner").getByText("Trying again…").waitFor();
  }
  await site.redis.up();
  for (const each of [page, opened]) await each.locator(".banner").waitFor({ state: "detached" });
  await opened.getByRole("row").filter({ hasText: "default" }).waitFor();
  const id = await site.task("long_running_task", [0]);
  await shows(row(page, id), "SUCCESS");
  site.noComplaints();
});

Deno.test("a list whose server was killed is true again when it is back", async () => {
  await using site = await PageSite.start({ servers: 2, worker: false });
  const page = await site.open("#/tasks");
  await page.getByText("No tasks yet").waitFor();
  const id = await site.task("create_task", [2]);
  await shows(row(page, id), "PENDING");
  const other = await site.open("#/tasks");
  await site.killServer();
  await page.locator(".banner").getByText("Reconnecting…").waitFor();
  await using _worker = Program.start(["work", "-c", "1"], { REDIS_URL: site.redis.url });
  await other.goto(`${site.urlOf(1)}/#/tasks`);
  await shows(row(other, id), "SUCCESS");
  await site.restartServer();
  await shows(row(page, id), "SUCCESS");
  site.noComplaints();
});

Deno.test("the list fits a phone, and who does not see it", async () => {
  await using site = await PageSite.start();
  const words = "an-argument-without-any-space-".repeat(3);
  const id = await site.task("test_celery", [words]);
  await site.task("divide", [1, 0]);
  const page = await site.open("#/tasks?q=since:1h", { width: 360, height: 740 });
  await shows(row(page, id), "PROGRESS");
  assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 360);
  await row(page, id).getByRole("checkbox").click();
  assertEquals(await violationsInBothThemes(page), []);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.keyboard.press("/");
  await page.getByRole("option").first().waitFor();
  assertEquals(await violationsInBothThemes(page), []);
  site.noComplaints();
});
