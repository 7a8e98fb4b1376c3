/** `taskapp worker` with real workers. */

import { assertEquals, assertMatch } from "@std/assert";
import type { WorkerInfo } from "../jobs/wire.ts";
import { taskapp } from "./command.ts";
import { fixtures } from "./fixtures/tasks.ts";
import { STORES } from "./stores.ts";
import { until } from "./until.ts";
import { beat } from "./broker_kit.ts";
import { Setup } from "./worker_setup.ts";

for (const [kind, startStore] of Object.entries(STORES)) {
  Deno.test(`${kind}: taskapp worker lists workers, tells them what to do, and what became of it`, async () => {
    await using setup = await Setup.start(startStore);
    const worker = (...args: string[]) => taskapp("worker", ...args, "-b", setup.url);
    const nobody = await worker("quiet", "--all");
    assertEquals([nobody.code, nobody.err], [
      2,
      "error: no worker is alive: taskapp work starts one\n",
    ]);
    setup.threads(1, { worker: { name: "abc-1", queues: ["default", "other"] } });
    setup.async(2, { name: "abd-2" });
    await until(async () => (await setup.broker.workers()).length === 2);

    const { out } = await worker("ls");
    assertMatch(out, /^NAME +MODE +ACTIVE +SLOTS .*\nabc-1 +working +0 +1 +threads +default,other/);
    const listed: WorkerInfo[] = JSON.parse((await worker("list", "--json")).out);
    assertEquals(listed.map(({ name }) => name), ["abc-1", "abd-2"]);

    const unnamed = await worker("quiet");
    assertEquals(unnamed.code, 2);
    assertMatch(unnamed.err, /^error: say which workers, or --all; there are abc-1, abd-2\n$/);
    const vague = await worker("quiet", "ab");
    assertEquals(vague.err, "error: ab may be any of abc-1, abd-2: say more of its name\n");
    const wrong = await worker("quiet", "abx");
    assertEquals([wrong.code, wrong.err], [
      2,
      'error: No living worker is named "abx"; there are abc-1, abd-2\n',
    ]);
    assertEquals((await worker("quiet", "abc", "--all")).code, 2);

    assertEquals((await worker("quiet", "abc")).out, "abc-1: takes no tasks\n");
    assertEquals((await worker("resume", "abc-1")).out, "abc-1: takes tasks again\n");
    const grown = await worker("grow", "2", "--all");
    assertEquals(grown, {
      code: 0,
      out: "abc-1: may run 3 task(s) at once\nabd-2: may run 4 task(s) at once\n",
      err: "",
    });
    const partly = await worker("shrink", "3", "--all");
    assertEquals([partly.code, partly.out], [1, "abd-2: may run 1 task(s) at once\n"]);
    assertMatch(partly.err, /^error: abc-1: it may run 3 task\(s\) at once, and one must be left/);
    assertEquals(
      (await worker("autoscale", "4,1", "abd")).out,
      "abd-2: may run 1 to 4 task(s) at once\n",
    );
    assertEquals(
      (await worker("remove-queue", "default", "abc")).out,
      "abc-1: takes from other\n",
    );
    assertEquals(
      (await worker("restart-pool", "abc")).out,
      "abc-1: replaces its threads, each when its task has ended\n",
    );

    const id = await setup.call(fixtures.nap, [60_000]);
    await setup.started(id);
    await until(async () => (await worker("show", "abd")).out.includes(id));
    const shown = (await worker("show", "abd")).out;
    assertMatch(shown, /max_concurrency +4\n/);
    assertMatch(shown, /last command\n {2}\S+ +autoscale +may run 1 to 4/);
    assertMatch(shown, /running\n {2}main +\S+ +nap +default/);
    await setup.broker.revoke(id);
    const stopped = await worker("shutdown", "--all");
    assertEquals(stopped.code, 0);
    assertMatch(stopped.out, /^abc-1: (stops|has stopped)\nabd-2: (stops|has stopped)/);
    await setup.stopped();
    assertMatch((await worker("ls")).out, /^NAME.*\n$/);
  });
}

Deno.test("a worker that does not answer is said to have not", async () => {
  await using setup = await Setup.start();
  await setup.broker.heartbeat(beat("deaf"));
  const { code, err } = await taskapp("worker", "quiet", "deaf", "-b", setup.url);
  assertEquals(code, 1);
  assertMatch(err, /^error: deaf has not answered within 5 s: taskapp worker show tells whether/);
});
