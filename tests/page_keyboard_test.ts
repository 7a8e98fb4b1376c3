/** The page without a mouse. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { PageSite, settled, shows } from "./page_kit.ts";
import { until } from "./until.ts";

const MAX_STOPS = 60;

/** What has the focus, as it is called to who does not see it. */
function focused(page: Page): Promise<string> {
  return page.evaluate(`{
    const { ariaLabel, labels, innerText = "" } = document.activeElement;
    (ariaLabel ?? labels?.[0]?.innerText ?? innerText).trim();
  }`);
}

/** Presses Tab until something of this name has the focus. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < MAX_STOPS; stop++) {
    await page.keyboard.press("Tab");
    const here = await focused(page);
    if (typeof name === "string" ? here === name : name.test(here)) return;
    passed.push(here);
  }
  throw new Error(`Tab does not lead to ${name}, but to ${passed.join(" | ")}`);
}

async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

const heading = (page: Page, name: string) =>
  page.getByRole("heading", { name, level: 1, exact: true }).waitFor();

Deno.test("a task is started, watched, cancelled and run again without a mouse", async () => {
  await using site = await PageSite.start();
  const page = await site.open();
  await settled(page);
  await press(page, "g", "n");
  await heading(page, "Start a task");
  await settled(page);
  await tabTo(page, "Task");
  await page.keyboard.type("create");
  await tabTo(page, /^Length/);
  await press(page, "Control+a");
  await page.keyboard.type("45");
  await tabTo(page, "Start create_task");
  await press(page, "Enter");
  const [task] = await (async () => {
    await until(async () => (await site.list()).length === 1);
    return await site.list();
  })();
  assertEquals([task?.name, task?.args], ["create_task", [45]]);
  const id = task?.task_id ?? "";

  // It is watched beside the form, and its page is one link away.
  await shows(page.locator(".watched"), "PROGRESS");
  await tabTo(page, id.slice(0, 8));
  await press(page, "Enter");
  await heading(page, "create_task");
  const head = page.locator(".page-head");
  await shows(head, "PROGRESS");
  await tabTo(page, "Stop now: create_task");
  await press(page, "Enter");
  await shows(head, "REVOKED");
  // What takes the button's place has its focus, and can be pressed once the answer is there too.
  const button = (name: string) => page.getByRole("button", { name, disabled: false });
  await button("Retry create_task").and(page.locator(":focus")).waitFor();
  await press(page, "Enter");
  await shows(head, "PROGRESS");
  await button("Stop now: create_task").and(page.locator(":focus")).waitFor();
  site.noComplaints();
});

Deno.test("the palette finds pages and tasks, and does what was chosen", async () => {
  await using site = await PageSite.start({ worker: false });
  const id = await site.task("create_task", [1]);
  const page = await site.open();
  await settled(page);
  await press(page, "Control+k");
  await page.keyboard.type("schedu");
  await page.getByRole("option", { name: "Schedules" }).waitFor();
  await press(page, "Enter");
  await heading(page, "Schedules");
  await press(page, "Control+k");
  await page.keyboard.type(id);
  await page.getByRole("option", { name: "Open the task" }).waitFor();
  await press(page, "Enter");
  await heading(page, "create_task");
  await press(page, "Control+k");
  await page.keyboard.type("dark");
  await press(page, "Enter");
  await page.locator("html[data-theme=dark]").waitFor();
  await press(page, "Control+k", "Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  site.noComplaints();
});

Deno.test("every jump that the sheet of shortcuts shows leads there", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  const page = await site.openAs("admin");
  await settled(page);
  await press(page, "?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  const jumps = sheet.locator("section", { hasText: "Go to" }).locator("dl > div");
  const listed = await jumps.evaluateAll((all) =>
    all.map((each) => [
      [...each.querySelectorAll("kbd")].map((key) => key.textContent ?? "").at(-1) ?? "",
      each.querySelector("dd")?.textContent ?? "",
    ])
  );
  assertEquals(listed.length >= 10, true, JSON.stringify(listed));
  await press(page, "Escape");
  await sheet.waitFor({ state: "detached" });
  for (const [key = "", title = ""] of listed) {
    await press(page, "g", key.toLowerCase());
    await heading(page, title);
  }
  // Whoever types in a field means letters.
  await press(page, "g", "t");
  await heading(page, "Tasks");
  await press(page, "/");
  await page.keyboard.type("g q?");
  await heading(page, "Tasks");
  const search = page.getByRole("combobox", { name: "Search tasks" });
  assertStringIncludes(await search.inputValue(), "g q?");
  site.noComplaints();
});
