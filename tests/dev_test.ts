import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { startSqlite } from "./stores.ts";
import { until } from "./until.ts";

async function isUp(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function start(url: string, task: unknown): Promise<string> {
  const response = await fetch(`${url}/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(task),
  });
  return (await response.json()).task_id;
}

async function task(url: string, id: string, wait = 0) {
  return await (await fetch(`${url}/tasks/${id}?wait=${wait}`)).json();
}

Deno.test("dev needs nothing, says where the data is, and goes on where it was killed", async () => {
  await using folder = await startSqlite(); // for its empty folder
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = ["dev", "--port", `${port}`, "-c", "1"];
  await using killed = Program.start(args, {}, folder.cwd);
  await until(() => isUp(url));
  const running = await start(url, { name: "create_task", args: [1] });
  const waiting = await start(url, { name: "count_primes", args: [1000] });
  await until(async () => (await task(url, running)).status !== "PENDING");
  await killed.kill("SIGKILL");

  await using again = Program.startPiped([...args, "-l", "error"], {}, folder.cwd);
  await until(() => isUp(url));
  assertEquals((await task(url, running, 20)).status, "SUCCESS");
  assert((await task(url, running)).deliveries > 1, "it ran again");
  assertEquals((await task(url, waiting, 20)).result, 168);
  // Another process on the same file is heard.
  const fromShell = await Program.output(
    ["call", "count_primes", "[10]", "--watch", "--broker", "sqlite:taskapp.db"],
    {},
    folder.cwd,
  );
  assertEquals([fromShell.code, fromShell.stdout.trim().split("\n").at(-1)], [0, "4"]);
  const { code, stdout, stderr } = await again.stop();
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, new RegExp(`^taskapp dev serves ${url}\n`));
  assertStringIncludes(stdout, `Tasks are kept in ${folder.cwd}/taskapp.db; to work with a Redis:`);
  assertEquals([...Deno.readDirSync(folder.cwd)].map(({ name }) => name), ["taskapp.db"]);
});
