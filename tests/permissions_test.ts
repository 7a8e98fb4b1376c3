/** What the program may do, in processes that have its permissions and no more. */

import { assertEquals, assertExists, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import config from "../deno.json" with { type: "json" };
import { connectBroker } from "../jobs/connect.ts";
import { csvReport } from "../jobs/tasks/csv_report.ts";
import type { Task } from "../jobs/wire.ts";
import { Program } from "./program.ts";
import { startSqlite } from "./stores.ts";
import { until } from "./until.ts";

/** A working directory with a worker's files and its database. */
async function startFolder() {
  const store = await startSqlite();
  const broker = connectBroker(store.url);
  return {
    path: store.cwd,
    /** Runs csv_report in a process of its own. */
    async report(dataDir: string, path: string, pool: string): Promise<Task> {
      const env = { TASKAPP_BROKER: store.url, TASKAPP_DATA_DIR: dataDir };
      await using _worker = Program.start(["work", "-c", "1", "-P", pool], env, store.cwd);
      const { id, ...task } = await csvReport.prepare({ path });
      await broker.enqueue([{ id, ...task }]);
      let ended: Task | null = null;
      await until(async () => (ended = await broker.get(id))?.finished_at != null);
      assertExists(ended);
      return ended;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await broker.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

for (const pool of ["threads", "async"]) {
  Deno.test(`${pool}: a task reads a file inside the permitted folders, and none outside`, async () => {
    await using folder = await startFolder();
    await mkdir(`${folder.path}/data`);
    await writeFile(`${folder.path}/data/in.csv`, "a\n1\n");
    const inside = await folder.report("data", "in.csv", pool);
    assertEquals([inside.status, inside.error], ["SUCCESS", null]);

    const outside = await folder.report("/etc", "passwd", pool);
    assertEquals([outside.status, outside.error?.type], ["FAILURE", "NotCapable"]);
    assertMatch(
      outside.error?.message ?? "",
      /^Files cannot be read: taskapp may not read the folder in TASKAPP_DATA_DIR; have it in /,
    );
  });
}

Deno.test("a link that leads out of a permitted folder is followed, for who made it was allowed to", async () => {
  await using folder = await startFolder();
  await using elsewhere = await startSqlite();
  await writeFile(`${elsewhere.cwd}/in.csv`, "a\n1\n");
  await symlink(elsewhere.cwd, `${folder.path}/data`);
  const { status, error } = await folder.report("data", "in.csv", "threads");
  assertEquals([status, error], ["SUCCESS", null]);
});

Deno.test("the document names each permission, and there is none to run programs", async () => {
  const flags = config.tasks.taskapp.command.split(" ").filter((word) =>
    word.startsWith("--allow-")
  );
  assertEquals(flags.map((flag) => flag.replace(/=.*/, "")).sort(), [
    "--allow-env",
    "--allow-net",
    "--allow-read",
    "--allow-sys",
    "--allow-write",
  ]);
  const document = await readFile(new URL("../docs/permissions.md", import.meta.url), "utf8");
  for (const flag of flags) assertStringIncludes(document, `\`${flag}\``);
});
