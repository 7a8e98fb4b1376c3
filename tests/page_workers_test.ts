/** The page Workers, in a real browser with real workers: what is told there happens to the processes. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import type { TaskType, WorkerInfo } from "../jobs/wire.ts";
import { goneFrom, isSilent, listen } from "../ui/fleet.ts";
import { violationsInBothThemes } from "./axe.ts";
import { PageSite } from "./page_kit.ts";
import { Program } from "./program.ts";
import { until } from "./until.ts";

const toast = (page: Page, text: string) => page.locator(".toast").filter({ hasText: text });
const card = (page: Page, name: string) => page.locator(`[data-worker="${name}"]`);

async function workers(site: PageSite): Promise<WorkerInfo[]> {
  return (await site.api<{ workers: WorkerInfo[] }>("GET", "/workers")).workers;
}

/** Starts a worker; answers its process and its name. */
async function work(site: PageSite, prefix: string, ...args: string[]) {
  const program = Program.start(["work", "-n", prefix, ...args], { REDIS_URL: site.redis.url });
  let name = "";
  await until(async () => {
    name = (await workers(site)).find((each) => each.name.startsWith(prefix))?.name ?? "";
    return name !== "";
  });
  return { program, name };
}

async function now(site: PageSite, name: string): Promise<WorkerInfo | undefined> {
  return (await workers(site)).find((each) => each.name === name);
}

Deno.test("what runs in each slot is shown live, and leads to the task", async () => {
  await using site = await PageSite.start({ worker: false });
  const page = await site.open("#/workers");
  await page.getByText("No worker is alive.").waitFor();
  const { program, name } = await work(site, "alpha", "-c", "2", "-Q", "default,slow");
  await using _ = program;
  const shown = card(page, name);
  await shown.getByText("working").waitFor();
  await shown.getByText("2 idle slots").waitFor();
  assertStringIncludes(await shown.innerText(), "takes from default, slow");
  assertStringIncludes(await shown.innerText(), `pid ${program.pid}`);

  const id = await site.task("create_task", [30]);
  const slot = shown.locator(`[data-task="${id}"]`);
  await slot.getByText("create_task").waitFor();
  await shown.getByText("1 idle slot").waitFor();
  const bar = slot.getByRole("progressbar");
  await until(async () => Number(await bar.getAttribute("aria-valuenow")) > 5);
  assertEquals(await violationsInBothThemes(page), []);
  await slot.getByRole("link").click();
  await page.getByRole("heading", { name: "create_task", level: 1 }).waitFor();
  site.noComplaints();
});

Deno.test("a worker does what it is told on its page, and says so", async () => {
  await using site = await PageSite.start({ worker: false });
  const { program, name } = await work(site, "alpha", "-c", "2");
  await using _ = program;
  const page = await site.open(`#/workers/${encodeURIComponent(name)}`);
  const press = (label: string | RegExp) => page.getByRole("button", { name: label }).click();

  await page.getByLabel("by", { exact: true }).fill("3");
  await press("Grow");
  await toast(page, "may run 5 task(s) at once").waitFor();
  assertEquals((await now(site, name))?.max_concurrency, 5);
  await page.getByLabel("by", { exact: true }).fill("4");
  await press("Shrink");
  await toast(page, "may run 1 task(s) at once").waitFor();
  await until(async () => (await now(site, name))?.concurrency === 1);
  const shrink = page.getByRole("button", { name: "Shrink" });
  await until(async () => await shrink.getAttribute("aria-disabled") === "true");
  assertStringIncludes(await shrink.getAttribute("title") ?? "", "One slot must be left");

  await page.getByLabel("At most").fill("4");
  await press("Set");
  await toast(page, "may run 1 to 4 task(s) at once").waitFor();
  await page.locator(".pool-size").getByText("1 to 4").waitFor();

  await page.getByLabel("Another queue").fill("slow");
  await press("Add");
  await page.getByRole("button", { name: "Stop taking from slow" }).waitFor();
  assertEquals((await now(site, name))?.queues.includes("slow"), true);
  await press("Stop taking from slow");
  await page.getByRole("button", { name: "Stop taking from slow" }).waitFor({ state: "detached" });
  await until(async () => (await now(site, name))?.queues.includes("slow") === false);

  assertEquals(await violationsInBothThemes(page), []);
  await press("Restart pool");
  await toast(page, "replaces its threads").waitFor({ timeout: 20_000 });
  await press(/^Quiet/);
  await toast(page, "takes no tasks").waitFor();
  assertEquals((await now(site, name))?.mode, "quiet");
  await toast(page, "takes no tasks").getByRole("button", { name: "Undo" }).click();
  await toast(page, "takes tasks again").waitFor();
  assertEquals((await now(site, name))?.mode, "working");

  await press("Shut down");
  await page.getByRole("dialog").getByRole("button", { name: "Shut down" }).click();
  assertEquals(await program.ended, 0);
  await page.getByText(`No worker named ${name} is alive.`).waitFor();
  site.noComplaints();
});

Deno.test("several workers are quieted and shut down at once", async () => {
  await using site = await PageSite.start({ worker: false });
  const names: string[] = [];
  await using first = (await begin("alpha")).program;
  await using second = (await begin("beta")).program;
  await using third = (await begin("gamma")).program;
  async function begin(prefix: string) {
    const started = await work(site, prefix, "-c", "1");
    names.push(started.name);
    return started;
  }
  const [alpha = "", beta = "", gamma = ""] = names;
  const page = await site.open("#/workers");
  const group = page.getByRole("group", { name: "Selected workers" });
  for (const name of [alpha, beta]) await page.getByLabel(`Select ${name}`).check();
  await group.getByText("2 workers selected").waitFor();
  await group.getByRole("button", { name: "Quiet" }).click();
  await toast(page, "quiet: 2 workers did so.").waitFor();
  const modes = async () => (await workers(site)).map(({ mode }) => mode).sort();
  assertEquals(await modes(), ["quiet", "quiet", "working"]);

  await group.getByRole("button", { name: "Shut down" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Shut down" }).click();
  assertEquals(await Promise.all([first.ended, second.ended]), [0, 0]);
  for (const name of [alpha, beta]) await card(page, name).waitFor({ state: "detached" });
  assertEquals((await workers(site)).map(({ name }) => name), [gamma]);
  assertEquals((await now(site, gamma))?.pid, third.pid);
  site.noComplaints();
});

Deno.test("a worker that is silent is marked, and one that dies is told of", async () => {
  await using site = await PageSite.start({ worker: false });
  const { program, name } = await work(site, "alpha", "-c", "1", "--lease", "20");
  await using _ = program;
  const page = await site.open("#/workers");
  await card(page, name).getByText("working").waitFor();
  program.signal("SIGSTOP");
  const silent: Locator = card(page, name).getByText("silent", { exact: true });
  await silent.waitFor({ timeout: 20_000 });
  program.signal("SIGCONT");
  await silent.waitFor({ state: "detached" });
  await program.kill("SIGKILL");
  await toast(page, `${name} is gone`).waitFor();
  await page.getByText("No worker is alive.").waitFor();
  site.noComplaints();
});

Deno.test("the limits of a task are changed while workers run, and taken back", async () => {
  await using site = await PageSite.start();
  const page = await site.open("#/workers?view=limits");
  const row = page.getByRole("row").filter({ hasText: "create_task" });
  const change = page.getByRole("button", { name: "Change the limits of create_task" });
  await change.click();
  await page.getByLabel("Rate limit").fill("often");
  await page.getByLabel("Time limit (seconds)", { exact: true }).fill("2");
  await page.getByLabel("Soft time limit").fill("1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#limit-rate_limit-error").waitFor();
  assertEquals(await violationsInBothThemes(page), []);
  await page.getByLabel("Rate limit").fill("100/s");
  await page.getByRole("button", { name: "Save" }).click();
  await toast(page, "The limits of create_task are changed.").waitFor();
  await row.getByText("100/s").waitFor();
  assertEquals(await row.getByText("set", { exact: true }).count(), 3);
  assertEquals(await violationsInBothThemes(page), []);

  const id = await site.task("create_task", [60]);
  let error: string | undefined;
  await until(async () => {
    const task = (await site.list()).find(({ task_id }) => task_id === id);
    error = task?.error?.type;
    return task?.status === "FAILURE";
  });
  assertStringIncludes(error ?? "", "TimeLimitExceeded");

  await change.click();
  for (const label of ["Rate limit", "Time limit (seconds)", "Soft time limit (seconds)"]) {
    await page.getByLabel(label, { exact: true }).fill("");
  }
  await page.getByRole("button", { name: "Save" }).click();
  await row.getByText("100/s").waitFor({ state: "detached" });
  const type = await site.api<TaskType>("GET", "/task-types/create_task");
  assertEquals(type.set, { rate_limit: null, time_limit: null, soft_time_limit: null });
  site.noComplaints();
});

Deno.test("a worker counts as silent by its own rhythm, and not while nothing could be heard", () => {
  const at = (name: string, second: number) =>
    ({ name, heartbeat_at: new Date(second * 1000).toISOString() }) as WorkerInfo;
  let pulses = listen(new Map(), [at("quick", 0), at("slow", 0)], 0);
  for (const second of [2, 4, 12]) {
    const workers = [at("quick", second), at("slow", second < 12 ? 0 : second)];
    pulses = listen(pulses, workers, second * 1000);
  }
  const silent = (name: string, second: number, since = 0) =>
    isSilent(pulses.get(name), second * 1000, since);
  assertEquals(silent("slow", 40), false); // 12 s from beat to beat
  assertEquals(silent("slow", 43), true);
  assertEquals(silent("quick", 16), false);
  assertEquals(silent("quick", 40), true);
  assertEquals(silent("slow", 43, 42_000), false);
  assertEquals(silent("nobody", 43), false);
  assertEquals(goneFrom([at("quick", 0), at("slow", 0)], [at("slow", 0)]).map(({ name }) => name), [
    "quick",
  ]);
});
