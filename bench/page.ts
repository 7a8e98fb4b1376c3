/**
 * What the page costs a browser: the bytes and the time of its first load, and how smooth it stays with
 * 10,000 tasks in its list and 500 events a second.
 *
 *     deno task bench:page [--minutes 10] [--no-load]
 */

import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import type { CDPSession, Page } from "playwright-core";
import type { Claimed } from "../jobs/broker.ts";
import { createTask } from "../jobs/tasks/create_task.ts";
import { TestBrowser } from "../tests/browser.ts";
import { freePort } from "../tests/ports.ts";
import { STORES } from "../tests/stores.ts";
import { until } from "../tests/until.ts";
import { beat } from "../tests/broker_kit.ts";
import { type Site, startSite } from "./site.ts";

/** What runs in the page has of the browser's names. */
declare const document: {
  querySelector(selector: string): unknown;
  body: { scrollHeight: number };
};
declare function requestAnimationFrame(done: (value: unknown) => void): number;
declare function scrollTo(x: number, y: number): void;

const TASKS = 10_000;
const EVENTS_PER_SECOND = 500;
/** The events are of so many of the newest tasks, those at the top of the list, so that the page has to draw them. */
const NEWEST = 60;
/** Tasks that end, and new ones that come, each second. */
const TURNOVER = 10;
const TICK_MS = 50;
const LOADS = 5;
/** As much slower a processor as a modest phone has. */
const SLOWDOWN = 4;
const PAGES = ["", "tasks", "start", "queues", "workers", "schedules", "dead", "system"];

/** How somebody reads, and how somebody looks for a place: each step shows other rows only. */
const SCROLLS = [["scrolling by 150 px", 150, 50], ["by 2,000 px", 2000, 100]] as const;

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, load: { type: "boolean", default: true } },
  allowNegative: true,
});
const MINUTES = Number(values.minutes);

function show(what: string, figure: string): void {
  console.log(`${what.padEnd(64)} ${figure}`);
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** Plays a worker that holds tasks and tells of their progress. */
class Busy {
  readonly #held: Claimed[] = [];
  readonly #stop = new AbortController();
  #busy: Promise<unknown> | undefined;
  #sent = 0;

  constructor(private readonly site: Site) {}

  async start(): Promise<void> {
    await this.#add(TASKS);
    this.#busy = Promise.all([this.#beat(), this.#work()]);
  }

  /** Answers how many events it has sent. */
  async stop(): Promise<number> {
    this.#stop.abort();
    await this.#busy;
    return this.#sent;
  }

  async #add(count: number): Promise<void> {
    const task = await createTask.prepare([60]);
    const { broker } = this.site;
    for (let i = 0; i < count; i += 500) {
      const more = Math.min(500, count - i);
      await broker.enqueue(
        Array.from({ length: more }, () => ({ ...task, id: crypto.randomUUID() })),
      );
      this.#held.push(...await broker.claim("bench", ["default"], more));
    }
  }

  async #beat(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.site.broker.heartbeat(beat("bench"));
      await sleep(2000);
    }
  }

  async #work(): Promise<void> {
    const { broker } = this.site;
    const began = performance.now();
    let turned = 0;
    while (!this.#stop.signal.aborted) {
      await sleep(TICK_MS);
      const seconds = (performance.now() - began) / 1000;
      const due = Math.floor(seconds * EVENTS_PER_SECOND) - this.#sent;
      const reports = Array.from({ length: due }, (_, i) => {
        const at = this.#sent + i;
        const { id, token } = this.#held.at(-1 - at * 31 % NEWEST) as Claimed;
        const percent = Math.min(99, at * 100 / (EVENTS_PER_SECOND * 60 * MINUTES));
        return { id, token, progress: { percent, stage: `step ${at % 10}`, meta: null } };
      });
      if (reports.length > 0) await broker.report("bench", reports);
      this.#sent += due;
      if (Math.floor(seconds) <= turned) continue;
      turned = Math.floor(seconds);
      const ended = this.#held.splice(0, TURNOVER);
      await broker.settle(
        "bench",
        ended.map(({ id, token }) => ({
          id,
          token,
          outcome: { state: "SUCCESS", result: '"done"' },
        })),
      );
      await this.#add(TURNOVER);
    }
  }
}

async function firstLoad(browser: TestBrowser, url: string, hash: string): Promise<void> {
  const bytes: number[] = [];
  const requests: number[] = [];
  const interactive: number[] = [];
  for (let i = 0; i < LOADS; i++) {
    const { page } = await browser.open("about:blank");
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Network.enable");
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
    let sum = 0, count = 0;
    cdp.on("Network.loadingFinished", ({ encodedDataLength }) => {
      sum += encodedDataLength;
      count++;
    });
    await page.goto(`${url}/#/${hash}`, { waitUntil: "commit" });
    interactive.push(await page.evaluate(interactiveAt));
    await sleep(1500);
    bytes.push(sum);
    requests.push(count);
    await page.close();
  }
  show(
    `first load of #/${hash}`,
    `${(median(bytes) / 1000).toFixed(0)} kB in ${median(requests)} requests, ` +
      `interactive after ${median(interactive).toFixed(0)} ms`,
  );
}

/** In the page: when its heading is drawn and the main thread answers within a frame or two. */
async function interactiveAt(): Promise<number> {
  while (!document.querySelector("main h1")) await new Promise(requestAnimationFrame);
  while (true) {
    const before = performance.now();
    await new Promise((done) => setTimeout(done));
    const answered = performance.now();
    if (answered - before < 50) return answered;
  }
}

interface Frames {
  count: number;
  longest: number;
  over50: number;
  p99: number;
}

/** In the page: how long its frames take while this runs. */
async function frames(ms: number): Promise<Frames> {
  const took: number[] = [];
  let last = performance.now();
  const end = last + ms;
  while (last < end) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    took.push(now - last);
    last = now;
  }
  took.sort((a, b) => a - b);
  return {
    count: took.length,
    longest: took.at(-1) ?? NaN,
    over50: took.filter((each) => each > 50).length,
    p99: took[Math.floor(took.length * 0.99)] ?? NaN,
  };
}

function showFrames(what: string, { count, longest, over50, p99 }: Frames): void {
  show(
    what,
    `${count} frames, p99 ${p99.toFixed(1)} ms, longest ${
      longest.toFixed(1)
    } ms, ${over50} above 50 ms`,
  );
}

/** Scrolls to the end of the list again and again, until all tasks have been loaded. */
async function loadAll(page: Page): Promise<number> {
  let loaded = 0;
  await until(async () => {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await sleep(100);
    loaded = Number(
      await page.locator("[aria-setsize]").first().getAttribute("aria-setsize"),
    );
    // Tasks that have come since the list began stand above it, and as many have left its end.
    return loaded >= TASKS || await page.getByText("There are no more.").count() > 0;
  }, 120_000);
  await page.evaluate(() => scrollTo(0, 0));
  return loaded;
}

/** Milliseconds of the main thread in each second of what is done meanwhile: less noisy than frames. */
async function mainThread(cdp: CDPSession, what: string, done: Promise<unknown>): Promise<void> {
  const read = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    return new Map(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await read();
  const began = performance.now();
  await done;
  const seconds = (performance.now() - began) / 1000;
  const after = await read();
  const spent = (name: string) => {
    const sum = (after.get(name) ?? NaN) - (before.get(name) ?? NaN);
    return `${(sum * 1000 / seconds).toFixed(0)} ms`;
  };
  show(
    what,
    `each second: tasks ${spent("TaskDuration")}, of these script ${spent("ScriptDuration")}, ` +
      `style ${spent("RecalcStyleDuration")}, layout ${spent("LayoutDuration")}`,
  );
}

async function heapMib(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  return usedSize / 1024 / 1024;
}

/** Turns the wheel down and up again for 25 s. */
async function scroll(page: Page, pixels: number, everyMs: number): Promise<void> {
  const end = performance.now() + 25_000;
  for (let i = 0; performance.now() < end; i++) {
    await page.mouse.wheel(0, i % 50 < 25 ? pixels : -pixels);
    await sleep(everyMs);
  }
}

async function smoothness(browser: TestBrowser, url: string): Promise<void> {
  const { page, complaints } = await browser.open(`${url}/#/tasks`);
  const cdp = await page.context().newCDPSession(page);
  await page.locator("[aria-setsize]").first().waitFor({ timeout: 30_000 });
  show("rows in the list", `${await loadAll(page)}`);
  await sleep(5000);
  await cdp.send("Performance.enable");
  const watching = page.evaluate(frames, 30_000);
  await mainThread(cdp, "main thread at the top of the list", watching);
  showFrames("frames at the top of the list", await watching);
  for (const [what, pixels, everyMs] of SCROLLS) {
    const scrolling = page.evaluate(frames, 25_000);
    await mainThread(cdp, `main thread, ${what}`, scroll(page, pixels, everyMs));
    showFrames(`frames, ${what}`, await scrolling);
  }
  const heap: number[] = [];
  for (let minute = 0; minute <= MINUTES; minute++) {
    heap.push(await heapMib(cdp));
    if (minute < MINUTES) await sleep(60_000);
  }
  show(
    `heap after each of ${MINUTES} minutes, MiB`,
    heap.map((mib) => mib.toFixed(1)).join(" "),
  );
  showFrames("frames after that", await page.evaluate(frames, 10_000));
  for (const complaint of complaints) show("the browser complains", complaint);
}

await using site = await startSite("Redis", STORES.Redis);
const port = freePort();
await using _server = site.start("serve", "--port", `${port}`);
const url = `http://127.0.0.1:${port}`;
await until(async () => {
  const response = await fetch(`${url}/readyz`).catch(() => null);
  await response?.body?.cancel();
  return response?.ok ?? false;
}, 30_000);
await using browser = await TestBrowser.start();
if (values.load) { for (const hash of PAGES) await firstLoad(browser, url, hash); }
const busy = new Busy(site);
await busy.start();
try {
  await smoothness(browser, url);
} finally {
  show("events sent", `${await busy.stop()}`);
}
