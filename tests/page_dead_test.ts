/** The page Dead tasks, in a real browser: what is replayed there really runs again. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import type { DeadGroup, DeadGroups, Task, TaskSummary } from "../jobs/wire.ts";
import { fitting, keyOf, keyOfTask, sizeOf } from "../ui/dead_groups.ts";
import { violationsInBothThemes } from "./axe.ts";
import { PageSite } from "./page_kit.ts";
import { until } from "./until.ts";

const toast = (page: Page, text: string) => page.locator(".toast").filter({ hasText: text });
const group = (page: Page, text: string) => page.locator(".dead-group").filter({ hasText: text });

/** Starts tasks that fail at once: webhooks to a host that is not allowed, and tasks that take too long. */
async function fail(site: PageSite, webhooks: number, slow: number): Promise<string[]> {
  await limit(site, 0.2);
  const start = (name: string, args: unknown) =>
    site.api<{ task_id: string }>("POST", "/tasks", { name, args, max_retries: 0 });
  const tasks = await Promise.all([
    ...Array.from(
      { length: webhooks },
      (_, port) => start("webhook", { url: `http://localhost:${port + 1}/`, body: { port } }),
    ),
    ...Array.from({ length: slow }, () => start("create_task", [1])),
  ]);
  await until(async () => await dead(site) === webhooks + slow);
  return tasks.map(({ task_id }) => task_id);
}

/** Has create_task be stopped after so many seconds; null takes that back. */
async function limit(site: PageSite, seconds: number | null): Promise<void> {
  const soft_time_limit = seconds === null ? null : 0;
  await site.api("PATCH", "/task-types/create_task", { time_limit: seconds, soft_time_limit });
}

async function dead(site: PageSite): Promise<number> {
  const { tasks } = await site.api<{ tasks: Task[] }>("GET", "/dead?limit=500");
  return tasks.length;
}

Deno.test("dead tasks are grouped by their error, opened, searched, and linked to", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/dead");
  await page.getByText("No dead tasks. Well done!").waitFor();
  assertEquals(await violationsInBothThemes(page), []);
  const [first = ""] = await fail(site, 3, 2);
  await group(page, "webhook").locator(".dead-count").getByText("3").waitFor();
  await group(page, "create_task").locator(".dead-count").getByText("2").waitFor();
  await group(page, "create_task").getByText("ran longer than its time limit of # s").waitFor();

  await group(page, "webhook").getByRole("button", { expanded: false }).click();
  const rows = group(page, "webhook").getByRole("row");
  await until(async () => await rows.count() === 4);
  assertStringIncludes(await rows.nth(1).innerText(), "Webhooks are off");
  assertEquals(await violationsInBothThemes(page), []);
  await page.reload();
  await until(async () => await rows.count() === 4);
  await page.getByLabel("Search by task or error").fill("time limit");
  await group(page, "webhook").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Replay 2 that fit" }).waitFor();
  await page.getByLabel("Search by task or error").fill("webhook");
  await rows.getByRole("link", { name: first.slice(0, 8) }).click();
  await page.getByRole("heading", { name: "webhook", level: 1 }).waitFor();
  await page.goBack();
  await until(async () => await rows.count() === 4);
  site.noComplaints();
});

Deno.test("one dead task, a group and all of them are replayed", async () => {
  await using site = await PageSite.start();
  const ids = await fail(site, 1, 5);
  const last = ids.at(-1) ?? "";
  await limit(site, null);
  const page = await site.open("#/dead");
  await group(page, "create_task").getByRole("button", { expanded: false }).click();
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  await button(`Replay ${last.slice(0, 8)}`).click();
  await toast(page, "create_task runs again.").waitFor();
  await until(async () => (await site.api<Task>("GET", `/tasks/${last}`)).status === "SUCCESS");
  assertEquals((await site.api<Task>("GET", `/tasks/${last}`)).attempt, 2);

  const edited = ids.at(-2) ?? "";
  await button(`Replay ${edited.slice(0, 8)} with other arguments`).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Length").fill("2");
  await dialog.getByRole("button", { name: "Retry" }).click();
  await until(async () => (await site.api<Task>("GET", `/tasks/${edited}`)).status === "SUCCESS");
  assertEquals((await site.api<Task>("GET", `/tasks/${edited}`)).args, [2]);

  await page.getByRole("button", { name: /^Replay \d tasks of create_task/ }).click();
  await dialog.getByText("3 dead tasks.").waitFor();
  assertEquals(await violationsInBothThemes(page), []);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assertEquals(await dead(site), 4);
  await page.getByRole("button", { name: /^Replay \d tasks of create_task/ }).click();
  await dialog.getByRole("button", { name: "Replay 3 tasks" }).click();
  await toast(page, "3 tasks run again.").waitFor();
  await group(page, "create_task").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Replay all 1" }).click();
  await dialog.getByRole("button", { name: "Replay 1 task" }).click();
  await toast(page, "1 task runs again.").waitFor();
  const webhook = ids[0] ?? "";
  await until(async () => (await site.api<Task>("GET", `/tasks/${webhook}`)).attempt === 2);
  site.noComplaints();
});

Deno.test("dead tasks that fit, and hundreds of them, are forgotten", async () => {
  await using site = await PageSite.start();
  const ids = await fail(site, 250, 1);
  const page = await site.open("#/dead");
  const dialog = page.getByRole("dialog");
  await page.getByLabel("Search by task or error").fill("time limit");
  await page.getByRole("button", { name: "Forget 1 that fit" }).click();
  await dialog.getByText("This cannot be undone.").waitFor();
  await dialog.getByRole("button", { name: "Forget 1 task" }).click();
  await toast(page, "1 task is forgotten.").waitFor();
  assertEquals(await dead(site), 250);

  await page.getByLabel("Search by task or error").fill("");
  await page.getByRole("button", { name: "Forget all 250" }).click();
  await dialog.getByRole("button", { name: "Forget 250 tasks" }).click();
  await page.getByText("No dead tasks. Well done!").waitFor({ timeout: 20_000 });
  const response = await fetch(`${site.url}/tasks/${ids[0]}`);
  await response.body?.cancel();
  assertEquals(response.status, 404);
  const groups = await site.api<DeadGroups>("GET", "/dead/groups");
  assertEquals(groups, { count: 0, groups: [] });
  site.noComplaints();
});

Deno.test("a dead task is found in its group, whatever numbers its error has", () => {
  const groups: DeadGroup[] = [
    { name: "a", error_type: "E", message: "took # s", count: 3, last_at: "", example: "1" },
    { name: "b", error_type: "", message: "", count: 2, last_at: "", example: "2" },
  ];
  const task = (name: string, error: TaskSummary["error"]) => keyOfTask({ name, error });
  assertEquals(groups.map(keyOf), [
    task("a", { type: "E", message: "took 12.5 s" }),
    task("b", null),
  ]);
  assertEquals(fitting(groups, "A took").map(({ name }) => name), ["a"]);
  assertEquals(fitting(groups, "c"), []);
  assertEquals(sizeOf(fitting(groups, " ")), 5);
});
