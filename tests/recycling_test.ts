/** Threads are replaced by what they have done and by what they keep. */

import { assertEquals, assertNotEquals } from "@std/assert";
import { fixtures } from "./fixtures/tasks.ts";
import { Setup } from "./worker_setup.ts";

Deno.test("a thread is replaced after its share of tasks", async () => {
  await using setup = await Setup.start();
  setup.threads(1, { pool: { maxTasksPerChild: 3 } });
  const threads = [];
  for (let i = 0; i < 9; i++) threads.push((await setup.run(fixtures.thread_id)).result);
  assertEquals(new Set(threads).size, 3);
  for (const i of [0, 3, 6]) assertEquals(threads.slice(i, i + 3), Array(3).fill(threads[i]));
});

const MEMORY = { maxMemoryPerChild: 40, memoryLimit: 128 };

for (const kind of ["heap", "buffers"]) {
  Deno.test(`a thread that keeps too much in its ${kind} is replaced before the next task`, async () => {
    await using setup = await Setup.start();
    setup.threads(1, { pool: MEMORY });
    const threads = [];
    for (let i = 0; i < 6; i++) threads.push(await setup.run(fixtures.leaks, [kind, 12]));
    assertEquals(threads.map(({ status }) => status), Array(6).fill("SUCCESS"));
    const results = threads.map(({ result }) => result);
    // Two leaks of 12 MiB fit beside what an empty thread takes, three do not.
    assertEquals(results.map((thread) => results.indexOf(thread)), [0, 0, 0, 3, 3, 3]);
  });
}

Deno.test("a thread that made much garbage and keeps little stays", async () => {
  await using setup = await Setup.start();
  setup.threads(1, { pool: MEMORY });
  const litter = await setup.run(fixtures.litters, [60]);
  assertEquals(litter.status, "SUCCESS");
  assertEquals((await setup.run(fixtures.thread_id)).result, litter.result);
});

Deno.test("a leak that nobody asked about goes on until the limit ends its task", async () => {
  await using setup = await Setup.start();
  setup.threads(1);
  const first = await setup.run(fixtures.leaks, ["heap", 40]);
  const second = await setup.run(fixtures.leaks, ["heap", 40]);
  assertEquals([first.status, second.status], ["SUCCESS", "FAILURE"]);
  assertEquals(second.error?.type, "MemoryLimitExceeded");
  assertNotEquals((await setup.run(fixtures.thread_id)).result, first.result);
});
