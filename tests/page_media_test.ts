/** What a reader's system asks of the page: no motion, more contrast, the system's colours; and paper. */

import { assert, assertEquals } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { href, PAGE_NAMES } from "../ui/address.ts";
import { PageContent } from "./page_content.ts";
import { PageSite, settled, shows } from "./page_kit.ts";

/** Texts with less than the contrast of WCAG's level AAA. */
async function faint(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(
    `axe.run(document, {
      runOnly: ["color-contrast-enhanced"],
      rules: { "color-contrast-enhanced": { enabled: true } },
    })`,
  );
  return violations.flatMap(({ nodes }) => nodes.map(({ html }) => html.slice(0, 160)));
}

Deno.test("who asks for more contrast gets it on every page, in both themes", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  await using content = await PageContent.start(site);
  const page = await site.openAs("admin");
  const found: string[] = [];
  for (const name of PAGE_NAMES.filter((each) => each !== "login")) {
    const id = name === "task" ? content.ids.get("FAILURE") ?? "" : null;
    await page.goto(`${site.url}/${href(name, id)}`);
    await settled(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, contrast: "more", reducedMotion: "reduce" });
      for (const each of await faint(page)) found.push(`${name}, ${colorScheme}: ${each}`);
    }
  }
  assertEquals(found, []);
  site.noComplaints();
});

Deno.test("who asks for no motion gets none, and others do", async () => {
  await using site = await PageSite.start();
  const id = await site.task("create_task", [60]);
  const page = await site.open(`#/tasks/${id}`);
  await shows(page.locator(".page-head"), "PROGRESS");
  const moving = () => page.evaluate<number>("document.getAnimations().length");
  assert(await moving() > 0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  assertEquals(await moving(), 0);
  await page.goto(`${site.url}/#/tasks`);
  await shows(page.locator(".list"), "PROGRESS");
  await page.keyboard.press("Control+k");
  assertEquals(await moving(), 0);
  site.noComplaints();
});

Deno.test("a task is printed in dark letters, whole, and without what only a screen needs", async () => {
  await using site = await PageSite.start();
  const id = await site.task("long_running_task", [0]);
  const page = await site.open(`#/tasks/${id}`);
  await shows(page.locator(".page-head"), "SUCCESS");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  assertEquals(
    await page.evaluate("getComputedStyle(document.body).color"),
    "rgb(20, 23, 31)",
  );
  for (const part of ["Result", "Arguments", "Timeline", "Details", "Events", "Log"]) {
    assert(await page.getByRole("heading", { name: part, exact: true }).isVisible(), part);
  }
  for (const part of [".sidebar", ".top", ".bottom-bar", ".actions", ".log-filter"]) {
    assertEquals(await page.locator(part).filter({ visible: true }).count(), 0, part);
  }
  const pdf = await page.pdf({ format: "A4" });
  assert(pdf.length > 1000);
  site.noComplaints();
});

Deno.test("bars and dots are seen in the system's own colours", async () => {
  await using site = await PageSite.start();
  const id = await site.task("create_task", [60]);
  const page = await site.open(`#/tasks/${id}`);
  await shows(page.locator(".page-head"), "PROGRESS");
  await page.emulateMedia({ forcedColors: "active" });
  const [bar, ground] = await page.evaluate<string[]>(`[
    getComputedStyle(document.querySelector(".bar div")).backgroundColor,
    getComputedStyle(document.querySelector(".bar")).backgroundColor,
  ]`);
  assert(bar !== ground, `both ${bar}`);
  site.noComplaints();
});
