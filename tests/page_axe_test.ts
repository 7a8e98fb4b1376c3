/**
 * What every page is to who does not see it, sees it badly, or uses no mouse: axe-core finds nothing, and
 * what axe-core cannot find is looked for here. A new page of ui/address.ts is looked at by itself.
 */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import type { WorkerInfo } from "../jobs/wire.ts";
import { href, PAGE_NAMES } from "../ui/address.ts";
import { violations, violationsInBothThemes } from "./axe.ts";
import { PageContent } from "./page_content.ts";
import { logIn, PageSite, settled } from "./page_kit.ts";

/** What runs in the page has of the browser's names. */
interface Shown {
  contains(other: Shown | null): boolean;
  /** Texts do not have it. */
  closest?(selector: string): Shown | null;
  getBoundingClientRect(): { [side in "left" | "top" | "right" | "bottom"]: number };
  readonly outerHTML: string;
  readonly textContent: string | null;
}
declare const document: {
  readonly body: Shown;
  readonly activeElement: Shown | null;
  elementFromPoint(x: number, y: number): Shown | null;
};
declare const innerWidth: number;
declare const innerHeight: number;
declare function getComputedStyle(
  of: Shown,
  part?: string,
): { outlineStyle: string; boxShadow: string };
declare class MutationObserver {
  constructor(seen: (changes: { target: Shown & { parentElement: Shown | null } }[]) => void);
  observe(target: typeof document, what: { [kind: string]: true }): void;
}

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

/** Every page, and what else has an address on it. */
async function addresses(site: PageSite, content: PageContent): Promise<string[]> {
  const task = content.ids.get("FAILURE") ?? "";
  const { workers } = await site.api<{ workers: WorkerInfo[] }>("GET", "/workers");
  return [
    ...PAGE_NAMES.filter((name) => name !== "login")
      .map((name) => href(name, name === "task" ? task : null)),
    ...[...content.ids.values()].map((id) => href("task", id)),
    href("task", "no-such-task"),
    href("tasks", null, { q: "queue:mail state:FAILURE" }),
    href("tasks", null, { q: "args:nothing-has-this" }),
    href("start", "webhook"),
    href("start", "csv_report"),
    href("queues", "archive"),
    href("queues", "mail"),
    ...workers.map(({ name }) => href("workers", name)),
    href("workers", null, { view: "limits" }),
    href("schedules", "new"),
    href("schedules", "heartbeat"),
    href("schedules", "daily-report", { edit: "1" }),
    "#/no-such-page",
  ];
}

Deno.test("axe-core finds nothing on any page, in both themes, on a desk and on a phone", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  await using content = await PageContent.start(site);
  const found: string[] = [];
  const look = async (page: Page, where: string, find = violationsInBothThemes) => {
    for (const each of await find(page)) found.push(`${where}: ${each}`);
    const wide = await page.evaluate<number>(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    if (wide > 0) found.push(`${where}: ${wide} px wider than the screen`);
  };
  const page = await site.open("#/login");
  await page.getByLabel("Password").waitFor();
  await look(page, "#/login");
  await logIn(page, "admin");
  await page.getByLabel("Password").waitFor({ state: "detached" });
  for (const size of [DESKTOP, PHONE]) {
    await page.setViewportSize(size);
    for (const hash of await addresses(site, content)) {
      await page.goto(`${site.url}/${hash}`);
      await settled(page);
      // Colours are the same on a phone.
      const find = size === DESKTOP ? violationsInBothThemes : violations;
      await look(page, `${hash} at ${size.width} px`, find);
    }
  }
  assertEquals(found, []);
  site.noComplaints();
});

/** What opens above a page: where, and how somebody opens it by keyboard from what has the focus. */
const ABOVE: { name: string; hash: string; button?: string | RegExp; keys?: string }[] = [
  { name: "the palette", hash: "#/", keys: "Control+k" },
  { name: "the shortcuts", hash: "#/tasks", keys: "?" },
  { name: "the reader's menu", hash: "#/", button: /and this page/ },
  { name: "columns", hash: "#/tasks", button: "Columns" },
  { name: "the menu of a queue", hash: "#/queues", button: /archive/ },
  { name: "the question before a purge", hash: "#/queues/archive", button: "Purge" },
  { name: "a new user", hash: "#/access", button: "Add user" },
  { name: "a new token", hash: "#/access", button: "Add token" },
  { name: "the question before a worker is shut down", hash: "WORKER", button: "Shut down" },
];

Deno.test("what opens above a page is as good, closes with Escape and gives the focus back", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  await using _content = await PageContent.start(site);
  const page = await site.openAs("admin");
  const { workers } = await site.api<{ workers: WorkerInfo[] }>("GET", "/workers");
  const found: string[] = [];
  for (const { name, hash, button, keys } of ABOVE) {
    await page.goto(`${site.url}/${hash.replace("WORKER", href("workers", workers[0]?.name))}`);
    await settled(page);
    const opener = button
      ? page.getByRole("button", { name: button }).first()
      : page.locator("main a, main button").first();
    await opener.focus();
    await page.keyboard.press(keys ?? "Enter");
    const opened = page.locator("dialog[open], .menu:popover-open").first();
    if (!await opened.waitFor().then(() => true, () => false)) {
      found.push(`${name}: does not open`);
      continue;
    }
    if (!await opened.evaluate(hasFocus)) await page.keyboard.press("Tab");
    if (!await opened.evaluate(hasFocus)) found.push(`${name}: Tab does not lead into it`);
    for (const each of await violationsInBothThemes(page)) found.push(`${name}: ${each}`);
    await page.keyboard.press("Escape");
    await opened.waitFor({ state: "hidden" });
    if (!await opener.evaluate(hasFocus)) {
      found.push(`${name}: does not give the focus back`);
    }
  }
  assertEquals(found, []);
  site.noComplaints();
});

/** In the page: whether what has the focus is in here, or is this itself. */
function hasFocus(box: unknown): boolean {
  return (box as Shown).contains(document.activeElement);
}

/** In the page: what is wrong with what has the focus, if somebody should see where they are. */
function focusTrouble(): string | null {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return "the end";
  const { left, top, right, bottom } = focused.getBoundingClientRect();
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const what = focused.outerHTML.slice(0, 120);
  if (right - left < 1 || bottom - top < 1) return `no size: ${what}`;
  if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return `not on the screen: ${what}`;
  const hit = document.elementFromPoint(x, y);
  if (!hit || !(focused.contains(hit) || hit.contains(focused))) return `covered: ${what}`;
  const styles = [getComputedStyle(focused), getComputedStyle(focused, "::after")];
  const isSeen = styles.some((style) =>
    style.outlineStyle !== "none" || style.boxShadow !== "none"
  );
  return isSeen ? null : `looks as without focus: ${what}`;
}

const MAX_STOPS = 45;

Deno.test("who goes through a page with Tab always sees where they are, and gets to its end", async () => {
  await using site = await PageSite.start({ logins: true, worker: false });
  await using content = await PageContent.start(site);
  const page = await site.openAs("admin");
  const found: string[] = [];
  for (const size of [DESKTOP, PHONE]) {
    await page.setViewportSize(size);
    for (const name of PAGE_NAMES.filter((each) => each !== "login")) {
      const id = name === "task" ? content.ids.get("FAILURE") ?? "" : null;
      await page.goto(`${site.url}/${href(name, id)}`);
      await page.reload();
      await settled(page);
      let stops = 0;
      for (; stops < MAX_STOPS; stops++) {
        await page.keyboard.press("Tab");
        const trouble = await page.evaluate(focusTrouble);
        if (trouble === "the end") break;
        if (trouble) found.push(`${name} at ${size.width} px: ${trouble}`);
      }
      if (stops < 8) found.push(`${name} at ${size.width} px: only ${stops} stops`);
    }
  }
  assertEquals([...new Set(found)], []);
  site.noComplaints();
});

/** In the page: counts what would be read out to who does not see it. */
function countAnnouncements(): void {
  const said: string[] = [];
  Object.assign(globalThis, { said });
  const regions = "[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off])";
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const element = target.closest ? target : target.parentElement;
      if (element?.closest?.("[aria-hidden=true]")) continue;
      const text = element?.closest?.(regions)?.textContent?.trim();
      if (text && said.at(-1) !== text) said.push(text);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

Deno.test("a page whose figures change all the time does not talk all the time", async () => {
  await using site = await PageSite.start({ worker: false });
  await using content = await PageContent.start(site);
  const names = PAGE_NAMES.filter((each) => !["login", "access"].includes(each));
  const listenedTo = await Promise.all(names.map(async (name) => {
    const id = name === "task" ? await content.task("create_task", [6]) : null;
    const page = await site.open(href(name, id));
    await settled(page);
    return { name, page };
  }));
  await Promise.all(listenedTo.map(({ page }) => page.evaluate(countAnnouncements)));
  for (let i = 0; i < 4; i++) {
    await content.task("create_task", [1]);
    await sleep(700);
  }
  for (const { name, page } of listenedTo) {
    const said = await page.evaluate<string[]>("said");
    assert(said.length <= 2, `${name} says: ${said.join(" | ")}`);
    await page.close();
  }
  const page = await site.open("#/");
  await settled(page);
  await page.evaluate(countAnnouncements);
  await site.killServer();
  await page.locator(".banner").getByText("Reconnecting…").waitFor();
  await page.waitForTimeout(3000);
  const said = await page.evaluate<string[]>("said");
  assert(said.length <= 3, `without a server it says: ${said.join(" | ")}`);
  site.noComplaints();
});
