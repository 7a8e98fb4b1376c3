/**
 * Takes the pictures of the pages for the documentation, of the real program: it works through a mixed
 * load for some minutes first, so that the plots have something to show.
 *
 *     deno task screenshots [--minutes 10] [--only tasks,queue] [--to docs/images]
 */

import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import type { WorkerInfo } from "../jobs/wire.ts";
import { PageContent } from "../tests/page_content.ts";
import { PageSite, settled } from "../tests/page_kit.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    only: { type: "string", default: "" },
    to: { type: "string", default: fileURLToPath(new URL("../docs/images", import.meta.url)) },
  },
});

const DESKTOP = { width: 1280, height: 800 };
const TALL = { width: 1280, height: 1120 };
const PHONE = { width: 390, height: 844 };
const SETTLED_MS = 1500;

interface Shot {
  name: string;
  hash: string;
  theme?: "dark";
  size?: { width: number; height: number };
  /** What somebody does before the picture is taken. */
  act?(page: Page): Promise<void>;
}

/** Starts tasks of all kinds, now more and now fewer of them, until it is told to stop. */
async function work(content: PageContent, stop: AbortSignal): Promise<void> {
  for (let turn = 0; !stop.aborted; turn++) {
    const wave = 2 + Math.round(2 * Math.sin(turn / 25)) + (turn % 90 < 8 ? 12 : 0);
    const calls = Array.from({ length: wave }, (_, i) => callOf(content, turn * 7 + i));
    await Promise.all([...calls, sleep(1000)]);
  }
}

function callOf(content: PageContent, at: number): Promise<string> {
  if (at % 41 === 0) return content.task("divide", [at, 0]);
  if (at % 53 === 0) {
    return content.task("webhook", content.hook("gone", { order: at }), { queue: "mail" });
  }
  if (at % 97 === 0) {
    return content.task("webhook", content.hook("busy", { order: at }), { queue: "mail" });
  }
  switch (at % 5) {
    case 0:
      return content.task("create_task", [1 + at % 9]);
    case 1:
      return content.task("csv_report", { csv: table(at) }, { queue: "reports" });
    case 2:
      return content.task("divide", [at, 1 + at % 12]);
    default:
      return content.task("webhook", content.hook("ok", { order: at }), { queue: "mail" });
  }
}

function table(rows: number): string {
  const lines = Array.from({ length: 20 + rows % 200 }, (_, i) => `2026-03-${1 + i % 28},${i * 7}`);
  return ["day,visits", ...lines].join("\n");
}

function shots(content: PageContent, worker: string): Shot[] {
  const task = (state: "FAILURE" | "PROGRESS" | "SUCCESS") => `#/tasks/${content.ids.get(state)}`;
  return [
    { name: "overview", hash: "#/", size: TALL },
    { name: "overview-dark", hash: "#/", theme: "dark" },
    { name: "tasks", hash: "#/tasks" },
    { name: "search", hash: "#/tasks?q=name:divide since:1h state:FAILURE" },
    { name: "task", hash: task("PROGRESS") },
    { name: "task-dark", hash: task("FAILURE"), theme: "dark" },
    {
      name: "start",
      hash: "#/start/create_task?args=[25]",
      async act(page) {
        await page.getByRole("button", { name: "Start create_task" }).click();
        await sleep(6000);
      },
    },
    { name: "queues", hash: "#/queues" },
    { name: "queue", hash: "#/queues/mail", size: TALL },
    { name: "workers", hash: "#/workers" },
    { name: "worker", hash: `#/workers/${encodeURIComponent(worker)}`, size: TALL },
    { name: "schedules", hash: "#/schedules" },
    { name: "schedule", hash: "#/schedules/new?task=create_task", size: TALL },
    { name: "dead", hash: "#/dead" },
    { name: "system", hash: "#/system" },
    { name: "access", hash: "#/access" },
    { name: "audit", hash: "#/audit" },
    {
      name: "palette",
      hash: "#/tasks",
      theme: "dark",
      async act(page) {
        await page.keyboard.press("Control+k");
        await page.keyboard.type("re");
        await sleep(1000);
      },
    },
    { name: "phone", hash: "#/", size: PHONE },
  ];
}

await using site = await PageSite.start({ logins: true, worker: false });
await using content = await PageContent.start(site);
const enough = new AbortController();
const working = work(content, enough.signal);
await sleep(60_000 * Number(values.minutes));
// Those of the beginning have ended meanwhile.
content.ids.set("PROGRESS", await content.task("long_running_task", [20]));
const { workers } = await site.api<{ workers: WorkerInfo[] }>("GET", "/workers");
const all = shots(content, workers.find(({ name }) => name.startsWith("web"))?.name ?? "");
const only = values.only.split(",").filter(Boolean);
const unknown = only.filter((name) => !all.some((each) => each.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no picture ${unknown.join(", ")}: take ${all.map(({ name }) => name).join(", ")}`,
  );
  Deno.exit(2);
}
await mkdir(values.to, { recursive: true });
const page = await site.openAs("admin", "#/", DESKTOP);
for (const { name, hash, theme = "light", size = DESKTOP, act } of all) {
  if (only.length > 0 && !only.includes(name)) continue;
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  await page.goto(`${site.url}/${hash}`);
  await page.reload();
  await page.mouse.move(0, 0);
  await settled(page);
  await sleep(SETTLED_MS);
  await act?.(page);
  await page.screenshot({ path: `${values.to}/${name}.png` });
  console.log(name);
}
enough.abort();
await working;
