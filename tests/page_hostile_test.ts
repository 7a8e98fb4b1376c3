/** Whatever tasks, workers and errors are called and say, the page shows it as text. */

import { assertEquals } from "@std/assert";
import { connectBroker } from "../jobs/connect.ts";
import { PageSite } from "./page_kit.ts";

const EVIL =
  `"'><img src=x onerror="document.body.dataset.xss=1"><script>document.body.dataset.xss=1</script>`;

Deno.test("markup in names, arguments, results, errors and log lines stays text", async () => {
  await using site = await PageSite.start({ worker: false });
  const broker = connectBroker(site.redis.url);
  const say = `${EVIL}\njavascript:alert(1)`;
  try {
    const [failed, done] = await broker.enqueue(["a", "b"].map((id) => ({
      id: `${id}${EVIL}`,
      name: EVIL,
      args: JSON.stringify({ [EVIL]: say }),
      queue: EVIL,
      priority: "normal" as const,
      maxRetries: 0,
      timeLimit: null,
      softTimeLimit: null,
      unique: { key: `${id}${EVIL}`, until: "start" as const },
      concurrency: { key: EVIL, limit: 9 },
    })));
    const claimed = await broker.claim(EVIL, [EVIL], 2);
    for (const { id, token } of claimed) {
      const progress = { percent: 50, stage: EVIL, meta: JSON.stringify({ [EVIL]: EVIL }) };
      await broker.report(EVIL, [{ id, token, progress }, { id, token, log: say }]);
      const outcome = id === failed?.id
        ? { state: "FAILURE" as const, error: { type: EVIL, message: EVIL, stack: say } }
        : { state: "SUCCESS" as const, result: JSON.stringify(say) };
      await broker.settle(EVIL, [{ id, token, outcome }]);
    }
    const page = await site.open("#/");
    const shown = async (hash: string) => {
      await page.goto(`${site.url}/${hash}`);
      await page.getByText("<img src=x").first().waitFor();
      assertEquals(await page.evaluate("document.body.dataset.xss"), undefined, hash);
      assertEquals(await page.locator("main img, main script").count(), 0, hash);
      const links = await page.locator("a").evaluateAll((all) =>
        all.map((a) => `${a.getAttribute("href")}`)
      );
      assertEquals(links.filter((link) => !/^[#/]/.test(link)), [], hash);
    };
    const id = (of: string | undefined) => encodeURIComponent(of ?? "");
    for (const hash of ["tasks", "queues", "dead", `queues/${id(EVIL)}`]) await shown(`#/${hash}`);
    await shown(`#/tasks/${id(failed?.id)}`);
    await shown(`#/tasks/${id(done?.id)}`);
    await shown(`#/start/${id(EVIL)}`);
  } finally {
    await broker.close();
  }
  site.noComplaints();
});
